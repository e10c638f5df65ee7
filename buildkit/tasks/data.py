"""Tasks of the data: `invoke data`, `data.status` and their kin."""

from __future__ import annotations

from functools import partial

from invoke.collection import Collection
from invoke.context import Context

from buildkit.tasks.exits import task
from buildkit.tasks.running import DRY, JSON, is_dry, refuse_dry, run


@task(default=True, help={"force": "make every stage", **DRY, **JSON})
def refresh(context: Context, force: bool = False, dry_run: bool = False, json: bool = False) -> None:
    """Bring the data up to date: run the stages that are due."""
    from buildkit.flows import data as flow  # noqa: PLC0415

    run(partial(flow.refresh_data, dry_run=is_dry(context, dry_run), force=force), flow.lines, json=json)


@task(help=JSON)
def status(context: Context, json: bool = False) -> None:
    """Say which stages are due, and why."""
    from buildkit.flows import data as flow  # noqa: PLC0415

    run(partial(flow.data_status, dry_run=is_dry(context)), flow.lines, json=json)


@task(help={"deep": "read every byte", **JSON})
def verify(context: Context, deep: bool = False, json: bool = False) -> None:
    """Compare the data with its manifest."""
    from buildkit.flows import data as flow  # noqa: PLC0415

    run(partial(flow.verify_data, deep=deep, dry_run=is_dry(context)), flow.lines, json=json)


@task(help={**DRY, **JSON})
def clear(context: Context, dry_run: bool = False, json: bool = False) -> None:
    """Delete the data."""
    from buildkit.flows import data as flow  # noqa: PLC0415

    run(partial(flow.clear_data, dry_run=is_dry(context, dry_run)), flow.lines, json=json)


@task(help={"to": "registry/name:tag; data.artifact where left out", **JSON})
def push(context: Context, to: str = "", json: bool = False) -> None:
    """Publish the data in a registry, for other hosts."""
    from buildkit.flows import data as flow  # noqa: PLC0415

    refuse_dry(context, "data.push")

    run(partial(flow.push_data, to=to), flow.lines, json=json)


@task(help={"source": "registry/name:tag or …@sha256:…; data.artifact where left out", **JSON})
def pull(context: Context, source: str = "", json: bool = False) -> None:
    """Fetch published data and switch to it."""
    from buildkit.flows import data as flow  # noqa: PLC0415

    refuse_dry(context, "data.pull")

    run(partial(flow.pull_data, source=source), flow.lines, json=json)


ns = Collection("data", refresh, status, verify, clear, push, pull)
