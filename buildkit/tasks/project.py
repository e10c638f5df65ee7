"""Tasks of the whole project: `invoke compile`, `invoke build`, `invoke dev`."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from invoke.context import Context
from invoke.exceptions import Exit

from buildkit.doors.signals import UNDOING
from buildkit.errors import ConfigurationError
from buildkit.tasks.exits import task
from buildkit.tasks.running import DRY, JSON, is_dry, run

if TYPE_CHECKING:
    from buildkit.model import Report

_INTERRUPTED, _TERMINATED, _HUNG_UP = 130, 143, 129


@task(
    help={
        "profile": "dev (fastest to import) or release (fastest to run)",
        "explain": "name every module with the reason, also where nothing was to do",
        "jobs": "compilers at once; auto takes as many as there are cores",
        "no_cache": "make all anew, without what earlier builds made",
        "clean": "delete every extension that the suite made here",
        **DRY,
        **JSON,
    }
)
def compile(  # noqa: A001 - the name that users type
    context: Context,
    profile: str = "",
    explain: bool = False,
    dry_run: bool = False,
    json: bool = False,
    jobs: str = "",
    no_cache: bool = False,
    clean: bool = False,
) -> None:
    """Compile what changed to extension modules."""
    from buildkit.extensions.up_to_date import UpToDateCheck  # noqa: PLC0415
    from buildkit.flows import compile as flow  # noqa: PLC0415

    check = UpToDateCheck(Path.cwd(), os.environ, profile)
    dry = is_dry(context, dry_run)
    plain = not (explain or clean or no_cache or jobs or dry)

    def known() -> Report | None:
        return flow.unchanged_report(check) if plain else None

    make = partial(flow.compile_modules, dry_run=dry, explain=explain, cache=not no_cache, clean=clean, check=check)
    flags = {"compile__profile": profile, "compile__jobs": jobs}
    run(make, flow.lines, known=known, environment=check.environment, json=json, **flags)


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


@task(undoing=UNDOING, help=DRY)
def dev(context: Context, dry_run: bool = False) -> None:
    """Build, start the service, and rebuild and restart it on save."""
    from buildkit.flows import dev as flow  # noqa: PLC0415

    if is_dry(context, dry_run):
        run(flow.foretell, flow.lines)
        return
    report = run(flow.run_dev, flow.lines)
    ended_by = report.facts["ended-by"]
    if ended_by == "SIGTERM":
        raise Exit(code=_TERMINATED)
    if ended_by == "SIGHUP":
        raise Exit(code=_HUNG_UP)
    if not report.outcomes:  # Ctrl-C is how the loop ends, but it had not begun
        raise Exit(code=_INTERRUPTED)
