"""Tasks of the whole project: `invoke build`, `invoke dev`."""

from __future__ import annotations

from functools import partial

from invoke.context import Context
from invoke.exceptions import Exit

from buildkit.doors.signals import UNDOING
from buildkit.errors import ConfigurationError
from buildkit.tasks.exits import task
from buildkit.tasks.running import DRY, JSON, is_dry, run

_INTERRUPTED, _TERMINATED, _HUNG_UP = 130, 143, 129


@task(
    help={"require": "name a step that must not be skipped: image", **DRY, **JSON},
)
def build(context: Context, require: str = "", dry_run: bool = False, json: bool = False) -> None:
    """Build everything: compile, data, migration check, images."""
    from buildkit.flows import build as flow  # noqa: PLC0415

    if require not in {"", "image"}:
        raise Exit(f"error: --require {require}: only an image can be required", ConfigurationError.exit_code)
    make = partial(flow.build, require_image=require == "image", dry_run=is_dry(context, dry_run))
    run(make, flow.lines, json=json)


@task(
    undoing=UNDOING,
    help={
        **DRY,
        "debug": "run it under debugpy, which listens on port 5678, and all modules as Python",
        "test": "run the tests that a change concerns beside it",
        "json": "print what happens as JSON on stdout, a line each, and the result at last",
    },
)
def dev(context: Context, dry_run: bool = False, debug: bool = False, test: bool = False, json: bool = False) -> None:
    """Build, start the service, rebuild and restart it on save."""
    from buildkit.flows import dev as flow  # noqa: PLC0415

    if is_dry(context, dry_run):
        run(flow.foretell, flow.lines, json=json)
        return
    report = run(partial(flow.run_dev, debug=debug, test=test), flow.lines, json=json)
    ended_by = report.facts["ended-by"]
    if ended_by == "SIGTERM":
        raise Exit(code=_TERMINATED)
    if ended_by == "SIGHUP":
        raise Exit(code=_HUNG_UP)
    if not report.outcomes:  # Ctrl-C is how the loop ends, but it had not begun
        raise Exit(code=_INTERRUPTED)
