"""Tasks of the compiled modules: `invoke compile`, `compile.verify`."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from invoke.collection import Collection
from invoke.context import Context

from buildkit.doors.signals import UNDOING
from buildkit.tasks.exits import task
from buildkit.tasks.running import DRY, JSON, is_dry, refuse_dry, run

if TYPE_CHECKING:
    from buildkit.model import Report


@task(
    default=True,
    help={
        "profile": "dev (fastest to import) or release (fastest to run)",
        "explain": "name every module with the reason, also where nothing was to do",
        "jobs": "compilers at once; auto takes as many as there are cores",
        "no_cache": "make all anew, without what earlier builds made",
        "clean": "delete every extension that the suite made here",
        **DRY,
        **JSON,
    },
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
    undoing=UNDOING,
    help={
        "tests": "run the project's tests both ways too, and find the module that makes a difference",
        "write": "write what must stay Python into pyproject.toml, each with its reason",
        "profile": "dev (fastest to import) or release (fastest to run)",
        "explain": "name every module, also those that are equal",
        "jobs": "compilers and imports at once; auto takes as many as there are cores",
        **JSON,
    },
)
def verify(
    context: Context,
    tests: bool = False,
    write: bool = False,
    profile: str = "",
    explain: bool = False,
    json: bool = False,
    jobs: str = "",
) -> None:
    """Compare plain Python with its compiled form, and say what compiling bought."""
    from buildkit.flows import verify as flow  # noqa: PLC0415

    refuse_dry(context, "compile.verify")
    compare = partial(flow.verify, tests=tests, write=write, explain=explain)
    run(compare, flow.lines, json=json, compile__profile=profile, compile__jobs=jobs)


ns = Collection("compile", compile, verify)
