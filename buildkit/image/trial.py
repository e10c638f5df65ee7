"""Whether the command of an image starts and its health check passes: tried in a container, and judged.

The container has no network, no database and no data, and the gates are not passed: nothing outside of it can change.
So a service may end there that is well elsewhere. `holds` is what was seen to be so, `wrong` what no surroundings can
mend, and all else is `not yet`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from buildkit.core import untrusted
from buildkit.doors import process, reading
from buildkit.image.point import Point

_PATIENCE = 120.0
_SECONDS = 20.0
_SETTLING = 3.0
_GRACE = 5.0
"""Seconds: at most; without work, so that a command without a check is at rest; for a check once something listens."""
_NO_PROGRAM = (126, 127)
_BROKEN = re.compile(
    r"ModuleNotFoundError|ImportError|No module named|SyntaxError|can't open file|[Cc]ould not import|No code object"
)
"""Words of Python, uvicorn and gunicorn for code that is not in the image, or not whole."""
_UNWELL = re.compile(r"\bstatus 5\d\d\b")


@dataclass(frozen=True, slots=True)
class Trial:
    """What came of a trial.

    Args:
        ended: its exit code; None where it still ran.
        passed: whether the health check passed.
        ports: on which it listened.
        said: the end of what it said.
        check: the last words of the health check; empty where there is none, or it was never run.
    """

    ended: int | None
    passed: bool
    ports: tuple[int, ...]
    said: tuple[str, ...]
    check: str


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be tried.

    Args:
        image: its name.
        command: what a container of it runs.
        test: its health check; empty where none is wanted.
        mount: where the data comes to lie.
    """

    image: str
    command: Sequence[str]
    test: Sequence[str]
    mount: str


def tried(asked: Asked, environment: Mapping[str, str]) -> tuple[Trial | None, str]:
    """Return what came of the trial, or why that is not known.

    Args:
        asked: what is to be tried.
        environment: the variables of the docker client.
    """
    times = {"seconds": _SECONDS, "settling": _SETTLING, "grace": _GRACE}
    given = {"command": list(asked.command), "test": list(asked.test), **times}
    text = reading.read_text(Path(__file__).with_name("inside.py"))
    run = ["docker", "run", "--rm", "--network", "none", "--env", f"PYBUILDKIT_DATA_PATH={asked.mount}"]
    python = ["--entrypoint", "python", asked.image, "-I", "-c", text, json.dumps(given)]
    answer = process.run([*run, *python], environment=environment, timeout=_PATIENCE)
    try:
        return of(json.loads(answer.stdout)), ""
    except (ValueError, KeyError):
        words = answer.stderr.strip().splitlines()
        return None, words[-1] if words else f"python ended with {answer.exit_code}"


def as_command(test: Sequence[str]) -> list[str]:
    """Return the command of a `Test` of Docker; empty where it is none."""
    match list(test):
        case ["CMD", *words]:
            return words
        case ["CMD-SHELL", text]:
            return ["/bin/sh", "-c", text]
        case _:
            return []


def starts(trial: Trial) -> Point:
    """Judge the start of the command."""
    name = "command starts"
    if trial.ended is None:
        ports = ", ".join(map(str, trial.ports))
        return Point(name, found=f"it runs, and listens on {ports}" if ports else "it runs")
    if trial.ended == 0:
        return Point(name, found="it ran to its end")
    broken = [line for line in trial.said if _BROKEN.search(line)]
    ended = f"it ends with {trial.ended}"
    if broken or trial.ended in _NO_PROGRAM:
        return Point(name, wrong=f"{ended}: {(broken or trial.said or ('nothing was said',))[-1].strip()}")
    said = f": {trial.said[-1].strip()}" if trial.said else ""
    return Point(name, found=f"without network, database and data {ended}{said}", absent=True)


def healthy(trial: Trial, test: Sequence[str], gates: Sequence[str]) -> Point:
    """Judge the health check.

    Args:
        trial: what came of it.
        test: the check.
        gates: what the service waits for elsewhere, and may have waited for here.
    """
    name = "health check"
    if trial.passed:
        return Point(name, found=" ".join(test))
    if trial.ended == 0:
        return Point(name, wrong='the command ends, and nothing is left to ask; without a check: health = ""')
    if trial.ended is not None:
        return Point(name, found="the command does not run here", absent=True)
    if trial.ports:
        said = f"it listens on {', '.join(map(str, trial.ports))}, and the check fails: {trial.check}"
        return Point(name, found=said, absent=True) if _UNWELL.search(trial.check) else Point(name, wrong=said)
    said = f'it listens on no port, and the check fails: {trial.check}; a worker has no path to ask: health = ""'
    return Point(name, found=said, absent=True) if gates else Point(name, wrong=said)


def of(values: Mapping[str, Any]) -> Trial:
    """Return what `inside` said.

    Raises:
        KeyError, ValueError: it is not of that form.
    """
    ended = values["ended"]
    return Trial(
        ended if ended is None else int(ended),
        values["passed"] is True,
        tuple(map(int, values["ports"])),
        tuple(map(untrusted.shown, untrusted.rows(values["said"]))),
        untrusted.shown(values["check"]),
    )
