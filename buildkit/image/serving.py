"""The last lines of an image's Dockerfile: variables, port, health check, and the command of the service."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePosixPath

from buildkit.image import staging
from buildkit.image.commands import program_words

AUTO = "auto"
"""The health check that depends on the command."""

_HEALTH = "--interval=5s --timeout=5s --start-period=300s --retries=3"
"""The start period covers a migration and small data; a success inside it counts at once."""

_USUAL = "/health"
_FILE = "file:"
_RUNTIME = ("python", "-m", "buildkit.runtime")

_SERVERS = frozenset(["daphne", "granian", "gunicorn", "hypercorn", "uvicorn", "waitress", "waitress-serve"])
_BY_WORD = {"flask": "run", "fastapi": "run"}
"""Programs that are an HTTP server with this word alone."""
_SPECIAL = re.compile(r'[\\"$]')
_ESCAPED = r"\\\g<0>"
"""What means something between quotes in a Dockerfile, and how it is written to mean itself."""


def variables(environment: Mapping[str, object]) -> list[str]:
    """Return the instructions for the service's variables; their values are taken as they are, `$` and quotes too."""
    return [f'ENV {name}="{_SPECIAL.sub(_ESCAPED, str(value))}"' for name, value in sorted(environment.items())]


def is_server(command: Sequence[str]) -> bool:
    """Return whether a command starts an HTTP server that is known here, also behind `python -m`, `sh -c` or `exec`."""
    words = program_words(command)
    program = PurePosixPath(words[0]).name if words else ""
    return program in _SERVERS or (program in _BY_WORD and _BY_WORD[program] in words[1:])


def health_test(health: str | Sequence[str], command: Sequence[str], port: int, age: float) -> list[str]:
    """Return the command of the health check; empty for none.

    Args:
        health: the setting.
        command: program and arguments of the service.
        port: the port on which it listens.
        age: seconds after which a file no longer shows life.
    """
    if health == AUTO:
        health = _USUAL if is_server(command) else ""
    if not health:
        return []
    if not isinstance(health, str):
        return [*_RUNTIME, "--health-command", *health]
    if health.startswith(_FILE):
        return [*_RUNTIME, "--health-file", health.removeprefix(_FILE), f"{age:g}"]
    return [*_RUNTIME, "--health", f"http://127.0.0.1:{port}{health}"]


def last_lines(command: Sequence[str], port: int, test: Iterable[str]) -> list[str]:
    """Return the instructions for port, health check and command.

    Args:
        command: program and arguments of the service.
        port: the port on which it listens.
        test: the command of the health check; empty for a service without one.
    """
    words = [*test]
    served = is_server(command) or "--health" in words
    return [
        *([f"EXPOSE {port}"] if served else []),
        *([f"HEALTHCHECK {_HEALTH} {staging.instruction('CMD', words)}"] if words else []),
        staging.instruction("CMD", command),
    ]
