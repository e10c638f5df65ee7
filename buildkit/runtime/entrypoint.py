"""The steps of a start: data gate → migration gate → the service."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from buildkit.data.stages.pipeline import Pipeline
from buildkit.data.volume import generations
from buildkit.doors import python
from buildkit.errors import BuildkitError, ConfigurationError, render
from buildkit.runtime import settings, signals, state
from buildkit.runtime.data_gate import Passed, pass_data
from buildkit.runtime.migrate_gate import pass_migrations

Say = Callable[[str], None]

_USAGE = """python -m buildkit.runtime -- COMMAND...     the gates, then the command
python -m buildkit.runtime --health URL       exit code 0 if URL answers and no gate is at work
python -m buildkit.runtime --health-file FILE SECONDS, --health-command COMMAND...     the same for a worker
python -m buildkit.runtime --migrate          the migration gate alone
python -m buildkit.runtime --revisions        where the database is, as JSON
python -m buildkit.runtime --renew, --status, --due, --verify [--deep [--renew]], --pull, --push, --clear  the data"""
_NO_PROGRAM = 127


def main(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run what `arguments` ask for and return the exit code; does not return if this process becomes the service."""
    try:
        match list(arguments):
            case ["--health" | "--health-file" | "--health-command" as kind, *words] if words:
                from buildkit.runtime.health import answer  # noqa: PLC0415 - the start of a service does not pay for it

                return answer(kind, words, say, state.read(environment))
            case ["--", *command] if command:
                return _start(command, environment)
            case ["--migrate" | "--revisions" as kind]:
                from buildkit.runtime.migrations import COMMANDS  # noqa: PLC0415 - as above

                return COMMANDS[kind](settings.of(environment), environment, say)
            case [*words] if words and words[0].startswith("--"):
                return _data(tuple(words), environment)
            case _:
                raise ConfigurationError("no command", hint=_USAGE)
    except BuildkitError as error:
        print(render(error), file=sys.stderr, flush=True)  # noqa: T201 - the log of a container is stderr
        return error.exit_code
    except OSError as error:
        place = error.filename2 or error.filename
        say(f"{f'{place}: ' if place else ''}{error.strerror or error}")
        return BuildkitError.exit_code


def say(line: str) -> None:
    """Write one line of the log to stderr."""
    print(f"buildkit: {line}", file=sys.stderr, flush=True)  # noqa: T201


def _start(command: Sequence[str], environment: Mapping[str, str]) -> int:
    """Pass the gates and start the service."""
    image = settings.of(environment)
    passed = Passed(state.State(state.READY))
    folder = image.data.folder if image.data is not None else None
    state.write(environment, state.State(state.STARTING))
    if image.data is not None:
        passed = pass_data(image.data, environment, say)
    if image.migrate is not None:
        pass_migrations(image.migrate, image.root, environment, say)
    if image.data is not None:
        os.environ["PYBUILDKIT_DATA_PATH"] = str(image.data.folder)
    state.write(environment, passed.state, folder)
    try:
        if image.data is not None and passed.beside:
            return _with_companion(command, passed, image.data, environment)
        if os.getpid() == 1 and not os.isatty(0):  # a terminal wants a shell in its own session
            signals.hold_back()
            program = python.script_command(Path(__file__).with_name("init.py"), *command)
            os.execv(program[0], program)  # noqa: S606 - reaps, which the service does not
        signals.as_at_birth()
        os.execvp(command[0], list(command))  # noqa: S606 - this process becomes the service
    except OSError as error:
        say(f"cannot start {command[0]}: {error.strerror}")
        return _NO_PROGRAM


def _with_companion(command: Sequence[str], passed: Passed, data: Pipeline, environment: Mapping[str, str]) -> int:
    """Run the service with the work on its data beside it.

    Record the state for the health check when that work ends, and signal newer data to the service.
    """
    from buildkit.runtime.supervisor import END, supervise  # noqa: PLC0415 - only where there is something to watch

    before = generations.current(data.folder)

    def ended(well: bool) -> str:
        now = state.State(state.READY)
        if not well and data.policy == "fail":
            say(f"{passed.purpose} failed: the policy is to serve no such data")
            return END
        if not well:
            say(f"{passed.purpose} failed: the service goes on with the data it has")
            now = state.State(state.DEGRADED, f"{passed.purpose} failed")
        state.write(environment, now, data.folder)
        return data.signal if well and generations.current(data.folder) != before else ""

    return supervise(command, python.module_command("buildkit.runtime", *passed.beside), say, ended)


def _data(words: tuple[str, ...], environment: Mapping[str, str]) -> int:
    """Run one command for the data."""
    from buildkit.runtime.commands import COMMANDS  # noqa: PLC0415 - the start of a service does not pay for it

    if words not in COMMANDS:
        raise ConfigurationError(f"no such command: {' '.join(words)}", hint=_USAGE)
    image = settings.of(environment)
    if image.data is None:
        say("data: this service has none")
        return 0
    try:
        COMMANDS[words][0](image.data, environment, say)
    except OSError as error:
        from buildkit.data.volume import disk  # noqa: PLC0415 - only on the way to an error

        raise disk.as_error(error, image.data.folder) from error
    return 0
