"""The steps of a start: data gate → migration gate → the service."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence

from buildkit.errors import BuildkitError, ConfigurationError, render
from buildkit.runtime import settings, signals
from buildkit.runtime.data_gate import pass_data, renew
from buildkit.runtime.migrate_gate import pass_migrations

Say = Callable[[str], None]

_USAGE = """python -m buildkit.runtime -- COMMAND...     the gates, then the command
python -m buildkit.runtime --renew            bring the data up to date
python -m buildkit.runtime --health URL       exit code 0 if URL answers"""
_NO_PROGRAM = 127


def main(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    """Do what `arguments` ask for and return the exit code; never returns where this process becomes the service."""
    try:
        match list(arguments):
            case ["--health", url]:
                from buildkit.runtime.health import ask  # noqa: PLC0415 - the start of a service does not pay for it

                return ask(url, say)
            case ["--renew"]:
                return _renew(environment)
            case ["--", *command] if command:
                return _start(command, environment)
            case _:
                raise ConfigurationError("no command", hint=_USAGE)
    except BuildkitError as error:
        print(render(error), file=sys.stderr, flush=True)  # noqa: T201 - the log of a container is stderr
        return error.exit_code


def say(line: str) -> None:
    """Say one line of the log."""
    print(f"buildkit: {line}", file=sys.stderr, flush=True)  # noqa: T201


def _start(command: Sequence[str], environment: Mapping[str, str]) -> int:
    """Pass the gates and start the service."""
    image = settings.of(environment)
    due = image.data is not None and pass_data(image.data, environment, say)
    if image.migrate is not None:
        pass_migrations(image.migrate, image.root, environment, say)
    if image.data is not None:
        os.environ["PYBUILDKIT_DATA_PATH"] = str(image.data.folder)
    try:
        if due:
            from buildkit.runtime.supervisor import supervise  # noqa: PLC0415 - only where there is something to watch

            return supervise(command, [sys.executable, "-m", "buildkit.runtime", "--renew"], say)
        signals.as_at_birth()
        os.execvp(command[0], list(command))  # noqa: S606 - this process becomes the service
    except OSError as error:
        say(f"cannot start {command[0]}: {error.strerror}")
        return _NO_PROGRAM


def _renew(environment: Mapping[str, str]) -> int:
    """Bring the data up to date, out of the way of the service beside it."""
    image = settings.of(environment)
    if image.data is None:
        say("data: this service has none")
        return 0
    os.nice(10)
    renew(image.data, environment, say)
    return 0
