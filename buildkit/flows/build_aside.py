"""Compile beside a service that runs: a process of its own, which can be ended at any point.

    python -m buildkit.flows.build_aside JSON

JSON has the project's folder as `root`, and the values that flags gave as `flags`. The last line on standard output is
the report as `invoke compile --json` prints it, or an object with `error`.
"""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from buildkit.config import Config
from buildkit.doors import process, python, signals


@dataclass(frozen=True, slots=True)
class Aside:
    """What a build beside the service came to.

    Args:
        made: the modules that have a new extension.
        error: what went wrong, as it is shown; empty if nothing did.
        there: the modules that have an extension, whoever made it: another loop in this project may have been faster.
    """

    made: tuple[str, ...] = ()
    error: str = ""
    there: tuple[str, ...] = ()


class Builder:
    """Starts the build, looks after it, and ends it when its sources change again."""

    def __init__(self) -> None:
        self._child: process.Child | None = None

    def start(self, config: Config, environment: Mapping[str, str]) -> None:
        """Start the build of a project in place of the one that runs."""
        self.end()
        words = json.dumps({"root": str(config.root), "flags": config.flags})
        self._child = process.start(
            python.module_command("buildkit.flows.build_aside", words),
            folder=config.root,
            environment=environment,
            output=process.PIPE,
            errors=None,
        )

    def result(self) -> Aside | None:
        """Return what the build came to, once; None while there is nothing to tell."""
        child = self._child
        if child is None or child.poll() is None:
            return None
        self._child = None
        return _told(child.communicate()[0], child.returncode)

    @property
    def is_running(self) -> bool:
        """Whether a build runs whose result was not fetched."""
        return self._child is not None

    def end(self) -> None:
        """End the build if one runs, and wait until it is gone."""
        child, self._child = self._child, None
        if child is not None:
            process.end(child)


def main(arguments: list[str]) -> int:
    """Compile, and print the report."""
    from buildkit.config import load  # noqa: PLC0415 - in the build's process alone
    from buildkit.errors import BuildkitError, render  # noqa: PLC0415
    from buildkit.flows.compile import compile_modules  # noqa: PLC0415
    from buildkit.report.console import Console  # noqa: PLC0415

    given = json.loads(arguments[0])
    with signals.orderly():
        console = Console(os.environ, as_json=True, talk=io.StringIO())
        try:
            config = load(Path(given["root"]), os.environ, given["flags"])
            console.result(compile_modules(config, console, os.environ), [])
        except BuildkitError as error:
            sys.stdout.write(json.dumps({"error": render(error)}) + "\n")
            return error.exit_code
    return 0


def _told(text: str, code: int) -> Aside:
    try:
        found: dict[str, Any] = json.loads((text.splitlines() or [""])[-1])
    except ValueError:
        return Aside(error=f"the build beside the service ended with {code}")
    rows = found.get("modules", ())
    made = tuple(row["module"] for row in rows if row["outcome"] in {"compiled", "restored"})
    fresh = tuple(row["module"] for row in rows if row["outcome"] == "fresh")
    return Aside(made, found.get("error", ""), (*made, *fresh))


def _leave(code: int) -> NoReturn:
    """Leave without Python's tearing down of the compiler's modules: who saves meanwhile waits for the end."""
    sys.stdout.flush()
    os._exit(code)


if __name__ == "__main__":
    try:
        ended = main(sys.argv[1:])
    except signals.Stopped as stopped:
        _leave(int(str(stopped.code)))
    _leave(ended)
