"""`invoke build`: everything that the service needs, in order: compile → data → migrations → images."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from buildkit.config import Config
from buildkit.doors.clock import Stopwatch
from buildkit.model import Outcome, Reason, Report
from buildkit.report.console import Console, counts, table

SCHEMA = "buildkit.build/1"

_IDLE = frozenset({"fresh", "kept", "skipped"})
_WIDEST = 60
"""Characters of a column."""


@dataclass(frozen=True, slots=True)
class _Part:
    """One step of the build: its name, and the flow that does it."""

    name: str
    run: Callable[[], Report]


def build(
    config: Config,
    console: Console,
    environment: Mapping[str, str],
    *,
    require_image: bool = False,
    dry_run: bool = False,
) -> Report:
    """Bring extensions, data and images up to date, and check the migrations.

    Args:
        config: the project.
        console: shows progress.
        environment: handed to each step.
        require_image: a missing Docker Engine is an error, as it is in CI.
        dry_run: decide and say, change nothing.

    Raises:
        BuildkitError: the first step that failed; what came before it is done.
    """
    watch = Stopwatch()
    steps = _steps(config, console, environment, require_image, dry_run)
    rows = tuple(_run(step, dry_run=dry_run) for step in steps)
    return Report(SCHEMA, rows, watch.seconds, {"dry-run": True} if dry_run else {}, row="step")


def _steps(
    config: Config, console: Console, environment: Mapping[str, str], require_image: bool, dry_run: bool
) -> tuple[_Part, ...]:
    from buildkit.flows.compile import compile_modules  # noqa: PLC0415 - each where it is needed
    from buildkit.flows.data import refresh_data  # noqa: PLC0415
    from buildkit.flows.image import build_images  # noqa: PLC0415
    from buildkit.flows.migrate import check_migrations  # noqa: PLC0415

    return (
        _Part("compile", lambda: compile_modules(config, console, environment, dry_run=dry_run)),
        _Part("data", lambda: refresh_data(config, console, environment, dry_run=dry_run)),
        _Part("migrations", lambda: check_migrations(config, console, environment, start=False)),
        _Part("images", lambda: build_images(config, console, environment, required=require_image, dry_run=dry_run)),
    )


def _run(part: _Part, *, dry_run: bool) -> Outcome:
    report = part.run()
    busy = next((row for row in report.outcomes if row.result not in _IDLE), None)
    skipped = next((row for row in report.outcomes if row.result == "skipped"), None)
    chosen = busy or skipped
    result = ("would-make" if dry_run else "made") if busy else "skipped" if skipped else "fresh"
    reason = Reason("unchanged" if report.outcomes else "none declared")
    if chosen is not None:
        reason = Reason(chosen.reason.kind, chosen.reason.detail or chosen.subject)
    words = ", ".join(f"{number} {word}" for word, number in counts(report.outcomes).items())
    return Outcome(part.name, result, reason, report.seconds, words)


def lines(report: Report) -> list[str]:
    """Return the summary table: each step with its result, time, what was reused, and the first reason."""
    rows = [("step", "result", "seconds", "of which", "why")]
    rows += [
        (row.subject, row.result, f"{row.seconds:7.2f}", _short(row.detail), _short(str(row.reason)))
        for row in report.outcomes
    ]
    rows.append(("build", "", f"{report.seconds:7.2f}", "", ""))
    return table(rows)


def _short(text: str) -> str:
    """Return a text shortened to the width of a table cell; the compiler's output was already shown."""
    line = text.partition("\n")[0]
    return line if len(line) <= _WIDEST else f"{line[: _WIDEST - 1]}…"
