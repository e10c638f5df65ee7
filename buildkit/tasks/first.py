"""Tasks of the first hour: `invoke init` and `invoke doctor`, also without a tasks.py: `python -m buildkit init`."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

from invoke.context import Context
from invoke.exceptions import Exit

from buildkit.tasks.exits import task
from buildkit.tasks.running import DRY, JSON, is_dry, report_of


@task(
    help={
        "yes": "write it without asking",
        "from-scratch": "make a small service in this folder: FastAPI, PostgreSQL, a stage of data, tests",
        **DRY,
        **JSON,
    }
)
def init(
    context: Context, yes: bool = False, from_scratch: bool = False, dry_run: bool = False, json: bool = False
) -> None:
    """Set up a project: propose what it lacks, ask, write."""
    from buildkit.flows import init as flow  # noqa: PLC0415

    report_of(
        lambda console: flow.init(
            Path.cwd(),
            console,
            os.environ,
            yes=yes,
            scratch=from_scratch,
            dry_run=is_dry(context, dry_run),
            ask=None if json else _question(),
        ),
        flow.lines,
        json=json,
    )


@task(help=JSON)
def doctor(_context: Context, json: bool = False) -> None:
    """Say what is missing here, what will hurt, and what mends it."""
    from buildkit.flows import doctor as flow  # noqa: PLC0415

    coloured = sys.stdout is not None and sys.stdout.isatty() and "NO_COLOR" not in os.environ
    report = report_of(
        lambda _console: flow.doctor(Path.cwd(), os.environ),
        partial(flow.lines, coloured=coloured and os.environ.get("TERM") != "dumb"),
        json=json,
    )
    code = int(str(report.facts["exit-code"]))
    if code:
        raise Exit(code=code)


def _question() -> Callable[[str], bool] | None:
    """Return what asks the user; None where there is no terminal."""
    if sys.stdin is None or not (sys.stdin.isatty() and sys.stderr.isatty()):
        return None

    def ask(question: str) -> bool:
        sys.stderr.write(f"{question} [Y/n] ")
        sys.stderr.flush()
        answer = sys.stdin.readline()
        return bool(answer) and answer.strip().lower() in {"", "y", "yes"}

    return ask
