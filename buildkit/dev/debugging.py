"""A service of Python under a debugger that others attach to: its command, given the port on which it is to listen."""

from __future__ import annotations

import importlib.util
import shutil
from collections.abc import Mapping
from pathlib import Path

from buildkit.errors import ConfigurationError

PORT = 5678
"""Where a debugger attaches, as editors expect it; each further service has the next one."""

_FROZEN = "frozen_modules"
_WITH_ARGUMENT = frozenset({"-W", "-X"})


def debugged(command: tuple[str, ...], port: int, environment: Mapping[str, str]) -> tuple[str, ...]:
    """Return the command that runs a program of Python under debugpy.

    Args:
        command: program and arguments: `python`, or a script that names Python in its first line.
        port: where debugpy listens on this machine.
        environment: the service's; `PATH` is read from it.

    Raises:
        ConfigurationError: it is no program of Python.
    """
    listen = ("-m", "debugpy", "--listen", f"127.0.0.1:{port}")
    program = shutil.which(command[0], path=environment.get("PATH")) or command[0]
    if Path(program).name.startswith(("python", "pypy")):
        options, rest = _apart(command[1:])
        return (program, *_whole(options), *listen, *rest)
    interpreter = _interpreter_of(Path(program))
    if not interpreter:
        raise ConfigurationError(
            f"--debug: {command[0]} is no program of Python, which is what debugpy runs",
            hint='start the service as a module: command = ["python", "-m", …]',
        )
    return (interpreter, *_whole(()), *listen, program, *command[1:])


def _whole(options: tuple[str, ...]) -> tuple[str, ...]:
    """Return Python's options so that it reads its own modules from their sources, where breakpoints are."""
    return options if any(_FROZEN in option for option in options) else (*options, f"-X{_FROZEN}=off")


def require_debugger() -> None:
    """Check that debugpy is there.

    Raises:
        ConfigurationError: it is not.
    """
    if importlib.util.find_spec("debugpy") is None:
        raise ConfigurationError("--debug: there is no debugpy here", hint='pip install "invoke-buildkit[debug]"')


def _apart(words: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return Python's own options, and what it is to run."""
    at = 0
    while at < len(words) and words[at].startswith("-") and words[at] not in {"-m", "-c", "-"}:
        at += 2 if words[at] in _WITH_ARGUMENT else 1
    return words[:at], words[at:]


def _interpreter_of(script: Path) -> str:
    """Return the Python that a script names in its first line; empty if it names none."""
    try:
        with script.open("rb") as file:
            first = file.readline(1024)
    except OSError:
        return ""
    words = first[2:].decode("utf-8", "replace").split() if first.startswith(b"#!") else []
    if words and Path(words[0]).name == "env":
        words = words[1:]
    return words[0] if words and Path(words[0]).name.startswith(("python", "pypy")) else ""


def debugger_of(name: str) -> str:
    """Return what the address is called at which the debugger of a service is reached."""
    return f"{name}, debugger"
