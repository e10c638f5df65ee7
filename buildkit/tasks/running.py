"""What every task does: parse its flags, run one flow, print the result, turn an error into an exit code."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from invoke.context import Context
from invoke.exceptions import Exit

from buildkit.errors import BuildkitError, ConfigurationError, render

if TYPE_CHECKING:
    from buildkit.config import Config
    from buildkit.model import Report
    from buildkit.report.console import Console

JSON = {"json": "print the result as one JSON object on stdout"}
DRY = {"dry_run": "decide and say, change nothing (as does `invoke --dry`)"}

Flow = Callable[["Config", "Console", Mapping[str, str]], "Report"]


def run(
    flow: Flow,
    lines: Callable[[Report], list[str]],
    *,
    known: Callable[[], Report | None] = lambda: None,
    environment: Mapping[str, str] = os.environ,
    json: bool = False,
    **flags: str,
) -> Report:
    """Run one flow for the project that the current folder is in and print its result.

    Args:
        flow: what to run.
        lines: turns the result into the lines that are printed.
        known: returns the result if it is known without running the flow; else None.
        environment: the variables.
        json: print JSON.
        flags: values from the command line by key, `__` for the dot; an empty one was not given.

    Raises:
        Exit: the flow failed; the error's words and its exit code.
    """
    given = {name.replace("__", "."): value for name, value in flags.items() if value}

    def make(console: Console) -> Report:
        report = known()
        if report is None:
            from buildkit.config import load  # noqa: PLC0415

            report = flow(load(Path.cwd(), environment, given), console, environment)
        return report

    return report_of(make, lines, json=json)


def report_of(make: Callable[[Console], Report], lines: Callable[[Report], list[str]], *, json: bool = False) -> Report:
    """Do something that needs no settings of a project, and print its result.

    Args:
        make: does it.
        lines: turns the result into the lines that are printed.
        json: print JSON.

    Raises:
        Exit: it failed; the error's words and its exit code.
    """
    from buildkit.report.console import Console  # noqa: PLC0415

    console = Console(os.environ, as_json=json)
    try:
        report = make(console)
        console.result(report, lines(report))
    except BuildkitError as error:
        if error.report is not None:
            console.result(error.report, lines(error.report))
        raise Exit(render(error), error.exit_code) from None
    return report


def is_dry(context: Context, dry_run: bool = False) -> bool:
    """Return whether nothing may be written: children that load the project's code leave no bytecode either.

    Args:
        context: Invoke's; `invoke --dry` is written there.
        dry_run: the task's own flag.
    """
    dry = dry_run or bool(context.config.run.dry)
    if dry:
        os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
    return dry


def refuse_dry(context: Context, name: str) -> None:
    """End a command that cannot say what it would do without doing it.

    Args:
        context: Invoke's.
        name: the command, as users type it.

    Raises:
        Exit: a dry run was asked for.
    """
    if is_dry(context):
        error = ConfigurationError(f"{name} has no dry run, so nothing was done", hint="run it without --dry")
        raise Exit(render(error), error.exit_code)
