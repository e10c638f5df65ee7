"""`invoke migrate.adopt`: brings a database under Alembic that has tables but no recorded revision."""

from __future__ import annotations

from collections.abc import Mapping

from buildkit.config import Config
from buildkit.doors.clock import Stopwatch
from buildkit.errors import ConfigurationError
from buildkit.flows.migrate import migration_settings, present_database
from buildkit.migrate import adopt, revisions
from buildkit.migrate.postgres import version_table
from buildkit.migrate.postgres.connection import Address
from buildkit.model import Outcome, Reason, Report
from buildkit.report.console import Console

SCHEMA = "buildkit.migrate.adopt/1"


def adopt_database(config: Config, console: Console, environment: Mapping[str, str], *, revision: str = "") -> Report:
    """Show what is in the version tables and beside them; with a revision, record it (Alembic calls this *stamp*).

    Args:
        config: the project.
        console: shows what is being waited for.
        environment: `DATABASE_URL` names the database; without it the development server's, if it runs.
        revision: an id, `head`, or `base`; empty to look only.

    Raises:
        ConfigurationError: there is no such revision, no database, or nothing to adopt for.
        VersionTableError: the database is at a revision already.
    """
    watch = Stopwatch()
    settings = migration_settings(config)
    graph = None if settings is None else revisions.read(settings, say=console.say)
    if settings is None or graph is None or not graph.head:
        raise ConfigurationError("the project has no migrations", hint="see `invoke migrate.status`")
    database = present_database(config, environment, graph)
    if database is None:
        raise ConfigurationError(
            "there is no database to adopt", hint=f"name it: {settings.url_env}=postgresql://… invoke migrate.adopt"
        )
    done = adopt.adopt(settings, graph, database.url, revision, say=console.say)
    beside = dict(done.tables)
    rows = tuple(
        Outcome(
            str(place),
            "fresh" if at else "recorded" if done.recorded else "not there" if at is None else "empty",
            Reason(f"at {', '.join(sorted(at))}" if at else done.recorded or "no revision is written down"),
            detail=version_table.some(beside[place]),
        )
        for place, at in done.places
    )
    facts: dict[str, object] = {
        "head": graph.head,
        "database": str(Address.parse(database.url, settings.url_env)),
        "recorded": done.recorded or None,
        "revisions": list(graph.revisions),
    }
    return Report(SCHEMA, rows, watch.seconds, facts, "version_table")


def lines(report: Report) -> list[str]:
    """Return the report as text."""
    where, recorded = report.facts["database"], report.facts["recorded"]
    said = []
    for row in report.outcomes:
        if row.result == "fresh":
            said.append(f"{where}: {row.subject} is {row.reason.kind} already")
        elif recorded:
            meaning = "nothing is applied yet" if recorded == adopt.BASE else f"at revision {recorded}"
            said.append(f"{where}: {row.subject} says now: {meaning}")
        else:
            tables = f"tables beside it: {row.detail}" if row.detail else "no tables beside it"
            said.append(f"{where}: {row.subject} is {row.result}; {tables}")
    if not recorded and any(row.result != "fresh" for row in report.outcomes):
        said += [
            "nothing was written down; say at which revision it is:",
            "  --revision base     the tables are others', or what the first revision finds made: all is to be applied",
            f"  --revision ID       the tables are those of this revision; head is {report.facts['head']}",
        ]
    return said
