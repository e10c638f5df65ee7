"""What the command of an image starts: its program behind what stands before it, and the module that it loads."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from pathlib import PurePosixPath

_BEFORE = frozenset(
    [
        "--",
        "ddtrace-run",
        "dumb-init",
        "env",
        "exec",
        "newrelic-admin",
        "opentelemetry-instrument",
        "run-program",
        "tini",
    ]
)
"""Words that stand before the program which they start."""
SHELLS = frozenset(["ash", "bash", "dash", "sh"])
_APPLICATION = re.compile(r"([A-Za-z_][\w.]*):[A-Za-z_][\w.]*(?:\(.*\))?")
_NAMED = frozenset(["-A", "--app"])
_MODULE = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*")
_SERVERS = ("daphne", "fastapi", "flask", "granian", "gunicorn", "hypercorn", "streamlit", "uvicorn", "waitress")
_TOOLS = frozenset([*_SERVERS, "alembic", "celery", "dramatiq", "rq"])
"""Packages of which `python -m` starts the program, which then loads a module of the service."""


def program_words(command: Sequence[str]) -> list[str]:
    """Return a command from its program on: without a shell, `exec`, `python -m` and the like before it."""
    words = [*command]
    if len(words) > 2 and PurePosixPath(words[0]).name in SHELLS and words[1] in {"-c", "-ec"}:  # noqa: PLR2004
        try:
            words = shlex.split(words[2])
        except ValueError:
            return []
    while words and (PurePosixPath(words[0]).name in _BEFORE or "=" in words[0]):
        words = words[1:]
    if words and PurePosixPath(words[0]).name.startswith("python") and "-m" in words:
        words = words[words.index("-m") + 1 :]
    return words


def module_of(command: Sequence[str]) -> str:
    """Return the module of the service that a command loads; empty if its words do not say one."""
    words = program_words(command)
    for before, word in zip(("", *words), words, strict=False):
        application = _APPLICATION.fullmatch(word)
        if application:
            return application[1]
        if before in _NAMED and _MODULE.fullmatch(word):
            return word
    joined = " ".join(command)
    if words and re.search(rf"-m {re.escape(words[0])}(?:\s|$)", joined) and words[0] not in _TOOLS:
        return words[0] if _MODULE.fullmatch(words[0]) else ""
    return ""
