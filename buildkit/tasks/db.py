"""Tasks of the development database: `invoke db.url`, `db.shell` and their kin."""

from __future__ import annotations

from functools import partial

from invoke.collection import Collection
from invoke.context import Context

from buildkit.doors.signals import UNDOING
from buildkit.tasks.exits import task
from buildkit.tasks.running import DRY, JSON, is_dry, refuse_dry, run

_NAME = "of the snapshot: letters, digits, what you like"


@task(help={**DRY, **JSON})
def url(context: Context, dry_run: bool = False, json: bool = False) -> None:
    """Print the URL of the development database, started and at head."""
    from buildkit.flows import development as flow  # noqa: PLC0415

    run(partial(flow.url, dry_run=is_dry(context, dry_run)), flow.url_lines, json=json)


@task(help={"command": "run this SQL, or command of psql's, and end", **DRY})
def shell(context: Context, command: str = "", dry_run: bool = False) -> None:
    """Open psql on the development database."""
    from buildkit.flows import development as flow  # noqa: PLC0415

    run(partial(flow.shell, command=command, dry_run=is_dry(context, dry_run)), flow.shell_lines)


@task(help={"force": "although a loop uses it", **DRY, **JSON})
def stop(context: Context, force: bool = False, dry_run: bool = False, json: bool = False) -> None:
    """Stop the development server; what it holds stays."""
    from buildkit.flows import development as flow  # noqa: PLC0415

    run(partial(flow.stop, force=force, dry_run=is_dry(context, dry_run)), flow.stop_lines, json=json)


@task(undoing=UNDOING, help={"all": "remove the databases of all branches, and make none", **DRY, **JSON})
def reset(context: Context, all: bool = False, dry_run: bool = False, json: bool = False) -> None:  # noqa: A002
    """Make the development database anew, from nothing."""
    from buildkit.flows import development as flow  # noqa: PLC0415

    run(partial(flow.reset, everything=all, dry_run=is_dry(context, dry_run)), flow.lines, json=json)


@task(help={"message": "what the revision does", "empty": "write it although nothing differs", **JSON})
def revision(context: Context, message: str, empty: bool = False, json: bool = False) -> None:
    """Write the revision of what the models have more."""
    from buildkit.flows import revision as flow  # noqa: PLC0415

    refuse_dry(context, "db.revision")

    run(partial(flow.write_revision, message=message, empty=empty), flow.lines, json=json)


@task(
    undoing=UNDOING,
    positional=["name"],
    instead={"list": "name"},
    help={
        "name": _NAME,
        "list": "say which there are",
        "replace": "in the place of one of this name",
        "delete": "delete the one of this name",
        **DRY,
        **JSON,
    },
)
def snapshot(
    context: Context,
    name: str,
    list: bool = False,  # noqa: A002
    replace: bool = False,
    delete: bool = False,
    dry_run: bool = False,
    json: bool = False,
) -> None:
    """Keep the present state of the development database under a name."""
    from buildkit.flows import snapshots as flow  # noqa: PLC0415

    dry = is_dry(context, dry_run)
    keep = partial(flow.snapshot, name=name, replace=replace, delete=delete, dry_run=dry)
    run(flow.snapshots if list else keep, flow.lines, json=json)


@task(undoing=UNDOING, positional=["name"], help={"name": _NAME, **DRY, **JSON})
def restore(context: Context, name: str, dry_run: bool = False, json: bool = False) -> None:
    """Put a snapshot in the place of the development database."""
    from buildkit.flows import snapshots as flow  # noqa: PLC0415

    run(partial(flow.restore, name=name, dry_run=is_dry(context, dry_run)), flow.lines, json=json)


ns = Collection("db", url, shell, stop, reset, revision, snapshot, restore)
