"""Tasks of the database: `invoke migrate`, `migrate.check`, `migrate.rehearse` and their kin."""

from __future__ import annotations

from functools import partial

from invoke.collection import Collection
from invoke.context import Context

from buildkit.doors.signals import UNDOING
from buildkit.tasks.exits import task
from buildkit.tasks.running import DRY, JSON, is_dry, refuse_dry, run


@task(default=True, help={**DRY, **JSON})
def migrate(context: Context, dry_run: bool = False, json: bool = False) -> None:
    """Bring the database to the one head."""
    from buildkit.flows import migrate as flow  # noqa: PLC0415

    run(partial(flow.migrate, dry_run=is_dry(context, dry_run)), flow.lines, json=json)


@task(help=JSON)
def status(context: Context, json: bool = False) -> None:
    """Say which revisions are pending."""
    from buildkit.flows import migrate as flow  # noqa: PLC0415

    is_dry(context)
    run(flow.migration_status, flow.lines, json=json)


@task(
    help={
        "graph": "the files alone, without a database",
        "onto": "as they will be after a merge with this branch, such as origin/main; the files alone",
        **JSON,
    },
)
def check(context: Context, graph: bool = False, onto: str = "", json: bool = False) -> None:
    """Check for one head, and that the models are as it leaves the database."""
    from buildkit.flows import migrate as flow  # noqa: PLC0415

    if graph or onto:
        run(partial(flow.check_graph, onto=onto), flow.lines, json=json)
    else:
        run(partial(flow.check_migrations, start=not is_dry(context)), flow.lines, json=json)


@task(help={"revision": "this one, pending or not; the pending ones if left out", **JSON})
def sql(context: Context, revision: str = "", json: bool = False) -> None:
    """Print the SQL of the pending revisions."""
    from buildkit.flows import rehearse as flow  # noqa: PLC0415

    run(partial(flow.migration_sql, revision=revision, dry_run=is_dry(context)), flow.sql_lines, json=json)


@task(
    undoing=UNDOING,
    help={
        "rows": "copy the rows too, so that the times are real",
        "round_trip": "take an empty database up, down and up again instead",
        **JSON,
    },
)
def rehearse(context: Context, rows: bool = False, round_trip: bool = False, json: bool = False) -> None:
    """Run the pending revisions on a throw-away copy, and report what they lock."""
    from buildkit.flows import rehearse as flow  # noqa: PLC0415

    refuse_dry(context, "migrate.rehearse")

    run(flow.round_trip if round_trip else partial(flow.rehearse, rows=rows), flow.lines, json=json)


@task(
    help={"revision": "what the tables are at: an id, head, or base where they are those of others", **JSON},
)
def adopt(context: Context, revision: str = "", json: bool = False) -> None:
    """Record the revision of a database that has tables; without a revision, show what there is."""
    from buildkit.flows import adopt as flow  # noqa: PLC0415

    named = "" if is_dry(context) else revision

    run(partial(flow.adopt_database, revision=named), flow.lines, json=json)


ns = Collection("migrate", migrate, status, check, sql, rehearse, adopt)
