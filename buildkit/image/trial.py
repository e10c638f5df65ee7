"""Tries in a container whether the command of an image starts and its health check passes.

The container has no network, no database and no data, and the gates are left out, so nothing outside of it can change.
So a sound service may fail there. `holds` means that it was seen to work, `wrong` that it would fail anywhere, and `not
yet` anything else.
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
"""Seconds: at most; without work, after which a command without a check counts as running; for a check that fails."""
_NO_PROGRAM = (126, 127)
_BROKEN = re.compile(
    r"ModuleNotFoundError|ImportError|No module named|SyntaxError|IndentationError|TabError|can't open file"
    r"|[Cc]ould not import|No code object"
)
"""Messages of Python, uvicorn and gunicorn about code that is missing from the image or incomplete."""
_NEVER = re.compile(r"cannot (write|start) ")
"""Words of a worker's health check about what nothing around the container can mend."""
_WORKERS = frozenset(["--health-file", "--health-command"])
_UNWELL = re.compile(r"\bstatus 5\d\d\b")


@dataclass(frozen=True, slots=True)
class Trial:
    """The result of a trial.

    Args:
        ended: the command's exit code; None if it still ran.
        passed: whether the health check passed.
        ports: the ports on which it listened.
        said: the last lines of its output.
        check: the last output line of the health check; empty if there is none, or it was never run.
        users: the users that its processes ran as.
        ready: seconds after which the look at it ended.
    """

    ended: int | None
    passed: bool
    ports: tuple[int, ...]
    said: tuple[str, ...]
    check: str
    users: tuple[int, ...] = ()
    ready: float = 0.0


@dataclass(frozen=True, slots=True)
class TrialRequest:
    """The command and health check to try.

    Args:
        image: the image's name.
        command: the command of its containers.
        test: its health check as a command; empty for none.
        mount: the mount point of the data volume.
        python: the interpreter in the image that watches it.
    """

    image: str
    command: Sequence[str]
    test: Sequence[str]
    mount: str
    python: str = "python"


def tried(asked: TrialRequest, environment: Mapping[str, str]) -> tuple[Trial | None, str]:
    """Return the result of the trial, or a message that says why there is none.

    Args:
        asked: the command and health check to try.
        environment: the variables of the docker client.
    """
    times = {"seconds": _SECONDS, "settling": _SETTLING, "grace": _GRACE}
    given = {"command": list(asked.command), "test": list(asked.test), **times}
    text = reading.read_text(Path(__file__).with_name("inside.py"))
    run = ["docker", "run", "--rm", "--network", "none", "--env", f"PYBUILDKIT_DATA_PATH={asked.mount}"]
    python = ["--entrypoint", asked.python, asked.image, "-I", "-c", text, json.dumps(given)]
    answer = process.run([*run, *python], environment=environment, timeout=_PATIENCE)
    try:
        return of(json.loads(answer.stdout)), ""
    except (ValueError, KeyError):
        words = answer.stderr.strip().splitlines()
        return None, words[-1] if words else f"python ended with {answer.exit_code}"


def as_command(test: Sequence[str]) -> list[str]:
    """Return the command of a health check's `Test` in Docker's form; empty if it has none."""
    match list(test):
        case ["CMD", *words]:
            return words
        case ["CMD-SHELL", text]:
            return ["/bin/sh", "-c", text]
        case _:
            return []


def starts(trial: Trial) -> Point:
    """Return the verdict on the start of the command."""
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
    """Return the verdict on the health check.

    Args:
        trial: the result of the trial.
        test: the check.
        gates: the gates that the service has; a service that needs them may fail in the trial.
    """
    name = "health check"
    if trial.passed:
        return Point(name, found=" ".join(test))
    if trial.ended == 0:
        return Point(name, wrong='the command ends, and nothing is left to ask; without a check: health = ""')
    if trial.ended is not None:
        return Point(name, found="the command does not run here", absent=True)
    if _WORKERS & {*test}:
        said = f"it runs, and the check fails: {trial.check}"
        return Point(name, wrong=said) if _NEVER.search(trial.check) else Point(name, found=said, absent=True)
    if trial.ports:
        said = f"it listens on {', '.join(map(str, trial.ports))}, and the check fails: {trial.check}"
        return Point(name, found=said, absent=True) if _UNWELL.search(trial.check) else Point(name, wrong=said)
    said = f"it listens on no port, and the check fails: {trial.check}; a worker has no path to ask: "
    said += 'health = "file:/tmp/alive", a command, or ""'
    return Point(name, found=said, absent=True) if gates else Point(name, wrong=said)


def of(values: Mapping[str, Any]) -> Trial:
    """Return the trial from the JSON that `inside` printed.

    Raises:
        KeyError, ValueError: the values have another form.
    """
    ended = values["ended"]
    return Trial(
        ended if ended is None else int(ended),
        values["passed"] is True,
        tuple(map(int, values["ports"])),
        tuple(map(untrusted.shown, untrusted.rows(values["said"]))),
        untrusted.shown(values["check"]),
        tuple(map(int, values["users"])),
        float(values["ready"]),
    )
