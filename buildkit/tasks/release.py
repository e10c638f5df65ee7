"""Tasks of the release: `invoke release`, `release.plan`, `release.deploy`, `release.workflows` and their kin."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from invoke.collection import Collection
from invoke.context import Context

from buildkit.doors.signals import UNDOING
from buildkit.tasks.exits import task
from buildkit.tasks.running import DRY, JSON, is_dry, run

if TYPE_CHECKING:
    from buildkit.flows.release_look import Asked

_WHERE = {"environment": "where to; release.environment if left out"}
_WHAT = {
    "only": "a service; may be given again; all of them if left out",
    "allow_contract": "a pending revision that may take something away; may be given again",
    "allow_dirty": "files may differ from the commit, outside of production",
}
_REVISION = {"revision": "a commit whose images are in the registry; the one that is checked out if left out"}
_DO = {
    "plan": "a file of `release.plan --save`, which is followed only if nothing has changed since",
    "yes": "do it, without which nothing is done at a terminal",
    **DRY,
}


@task(
    default=True,
    undoing=UNDOING,
    iterable=["only", "allow_contract"],
    help={**_WHERE, **_WHAT, **_DO, **JSON},
)
def release(
    context: Context,
    only: list[str],
    allow_contract: list[str],
    *,
    environment: str = "",
    allow_dirty: bool = False,
    plan: str = "",
    yes: bool = False,
    dry_run: bool = False,
    json: bool = False,
) -> None:
    """Release the commit that is checked out: push, migrate, roll out, verify, record."""
    from buildkit.flows import release as flow  # noqa: PLC0415

    asked = _asked(only, allow_contract, allow_dirty=allow_dirty, push=True)
    make = partial(
        flow.release, asked=asked, plan=plan, dry_run=is_dry(context, dry_run), confirmed=_is_confirmed(yes=yes)
    )
    run(make, flow.lines, json=json, release__environment=environment)


@task(
    name="plan",
    iterable=["only", "allow_contract"],
    help={
        **_WHERE,
        **_WHAT,
        **_REVISION,
        "offline": "look at the checkout alone",
        "save": "a file for the plan",
        **JSON,
    },
)
def plan_release(
    _context: Context,
    only: list[str],
    allow_contract: list[str],
    *,
    environment: str = "",
    allow_dirty: bool = False,
    revision: str = "",
    offline: bool = False,
    save: str = "",
    json: bool = False,
) -> None:
    """Say what a release would do, each step with its reason; changes nothing."""
    from buildkit.flows import release as flow  # noqa: PLC0415

    asked = _asked(only, allow_contract, allow_dirty=allow_dirty, revision=revision, offline=offline, push=not revision)
    run(partial(flow.plan_release, asked=asked, save=save), flow.lines, json=json, release__environment=environment)


@task(
    undoing=UNDOING,
    iterable=["only", "allow_contract"],
    help={**_WHERE, **_WHAT, **_REVISION, **_DO, **JSON},
)
def deploy(
    context: Context,
    only: list[str],
    allow_contract: list[str],
    *,
    environment: str = "",
    allow_dirty: bool = False,
    revision: str = "",
    plan: str = "",
    yes: bool = False,
    dry_run: bool = False,
    json: bool = False,
) -> None:
    """Release images that are in the registry; needs no builder."""
    from buildkit.flows import release as flow  # noqa: PLC0415

    asked = _asked(only, allow_contract, allow_dirty=allow_dirty, revision=revision)
    make = partial(
        flow.release, asked=asked, plan=plan, dry_run=is_dry(context, dry_run), confirmed=_is_confirmed(yes=yes)
    )
    run(make, flow.lines, json=json, release__environment=environment)


@task(
    undoing=UNDOING,
    iterable=["only"],
    help={
        **_WHERE,
        "only": _WHAT["only"],
        "to": "the commit of the release to go back to; the good one before the last if left out",
        "yes": _DO["yes"],
        **DRY,
        **JSON,
    },
)
def rollback(
    context: Context,
    only: list[str],
    *,
    environment: str = "",
    to: str = "",
    yes: bool = False,
    dry_run: bool = False,
    json: bool = False,
) -> None:
    """Let the services run what an older release had; the database stays as it is."""
    from buildkit.flows import release as flow  # noqa: PLC0415

    asked = _asked(only, (), back=True, to=to)
    make = partial(flow.release, asked=asked, dry_run=is_dry(context, dry_run), confirmed=_is_confirmed(yes=yes))
    run(make, flow.lines, json=json, release__environment=environment)


@task(help={**_WHERE, **JSON})
def status(_context: Context, environment: str = "", json: bool = False) -> None:
    """Say what runs, where the database is, and how the last releases ended."""
    from buildkit.flows import release_status as flow  # noqa: PLC0415

    run(flow.release_status, flow.lines, json=json, release__environment=environment)


@task(
    name="workflows",
    help={
        "host": "github or gitlab; if left out, the one whose files are there, else github",
        "check": "write nothing; end with 2 where a file is not what the settings say",
        "force": "write in the place of an edited file too, and keep that one as .original",
        **DRY,
        **JSON,
    },
)
def write_workflows(
    context: Context,
    host: str = "",
    check: bool = False,
    force: bool = False,
    dry_run: bool = False,
    json: bool = False,
) -> None:
    """Write the files by which GitHub or GitLab checks the project."""
    from buildkit.flows import workflows as flow  # noqa: PLC0415

    dry = is_dry(context, dry_run)
    run(
        partial(flow.write_workflows, host=host, check=check, force=force, dry_run=dry),
        flow.lines,
        json=json,
    )


def _asked(only: Sequence[str], allow_contract: Sequence[str], **further: bool | str) -> Asked:
    from buildkit.flows.release_look import Asked  # noqa: PLC0415

    return Asked(only=tuple(only), allow_contract=tuple(allow_contract), **further)  # type: ignore[arg-type]


def _is_confirmed(*, yes: bool) -> bool:
    """Return whether a release may be done: at a terminal that has to be said."""
    return yes or not sys.stdin.isatty()


ns = Collection("release", release, plan_release, deploy, rollback, status, write_workflows)
