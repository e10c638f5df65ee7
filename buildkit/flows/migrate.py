"""`invoke migrate`: upgrades the database to the one head.

With no database named, the project's development server is used.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from buildkit.config import Config
from buildkit.db import development, looks
from buildkit.doors.clock import Stopwatch
from buildkit.errors import RevisionError
from buildkit.flows.database import Database, bring_to_head, chain_of, start_server
from buildkit.flows.migration_settings import migration_settings as migration_settings  # noqa: PLC0414 - for others
from buildkit.flows.outdated import remove_outdated_extensions
from buildkit.migrate import autogenerate, revisions, status, upgrade
from buildkit.migrate.postgres.connection import Address
from buildkit.migrate.scripts import env_text, git_history
from buildkit.migrate.scripts.graph import Graph
from buildkit.migrate.settings import MigrationSettings
from buildkit.model import Outcome, Reason, Report
from buildkit.report.console import Console
from buildkit.report.progress import Progress

SCHEMA = "buildkit.migrate/1"


def migrate(config: Config, console: Console, environment: Mapping[str, str], *, dry_run: bool = False) -> Report:
    """Bring the database to head.

    Args:
        config: the project.
        console: shows each revision as it is committed.
        environment: `DATABASE_URL` names the database; without it the copy of the development database that is for
            these revisions is used, and its server is started.
        dry_run: look, and say what is pending; starts and writes nothing.

    Raises:
        BuildkitError: the subclass and its exit code (40 to 44, 75) say what failed.
    """
    if dry_run:
        return migration_status(config, console, environment)
    return migrate_database(config, console, environment)[0]


def migrate_database(
    config: Config, console: Console, environment: Mapping[str, str]
) -> tuple[Report, Database | None]:
    """Do what `migrate` does; return the database too, None where the project has no revisions."""
    watch = Stopwatch()
    settings = migration_settings(config)
    graph = _graph(settings, console)
    if settings is None or not graph.head:
        return _nothing(console, watch, config, settings), None

    def apply(url: str) -> upgrade.Migration:
        with Progress(console, "migrating").shown() as progress:
            return upgrade.upgrade(
                settings,
                url,
                environment=environment,
                say=console.say,
                tell=console.outcome,
                before=partial(remove_outdated_extensions, config, console, environment),
                advance=progress,
            )

    url = environment.get(config.migrate.url_env)
    if url:
        database, migration = Database(url), apply(url)
    else:
        database, migration = bring_to_head(config, console, environment, settings, graph, apply)
    if migration.ahead:
        rows: tuple[Outcome, ...] = (Outcome(graph.head, "fresh", Reason("the database is ahead of it")),)
        return _report(settings, graph, database, rows, list(migration.ahead), watch), database
    rows = migration.applied or (Outcome(graph.head, "fresh", Reason("already at head")),)
    return _report(settings, graph, database, rows, [graph.head], watch), database


def migration_status(config: Config, console: Console, environment: Mapping[str, str]) -> Report:
    """Say for each revision whether the database has it; starts and writes nothing."""
    watch = Stopwatch()
    settings = migration_settings(config)
    graph = _graph(settings, console)
    if settings is None or not graph.head:
        return _nothing(console, watch, config, settings)
    status.warn_of_upgrade_target(environment, console.say)
    database = present_database(config, environment, graph)
    at: frozenset[str] = frozenset()
    pending = list(graph.revisions)
    if database is not None:
        state = status.state(settings, graph, database.url, say=console.say)
        at, pending = state.at, state.pending
    why = "not in the database" if database is not None else "no development database yet"
    rows = tuple(
        Outcome(each.id, "pending", Reason(why, each.summary))
        if each.id in pending
        else Outcome(each.id, "fresh", Reason("in the database", each.summary))
        for each in graph.revisions.values()
    )
    return _report(settings, graph, database, rows, sorted(at), watch)


def check_graph(config: Config, console: Console, environment: Mapping[str, str], *, onto: str = "") -> Report:  # noqa: ARG001 - as every flow
    """Check that the files lead to one head, also after a merge with the branch `onto`; connects to nothing.

    Raises:
        HeadsError: not one head.
        ConfigurationError: git does not know that branch.
    """
    watch = Stopwatch()
    settings = migration_settings(config)
    if settings is None:
        return _nothing(console, watch, config, settings)
    merged = git_history.incoming(settings.versions, onto) if onto else None
    graph = revisions.read(settings, say=console.say, merged=merged)
    if not graph.head:
        return _nothing(console, watch, config, settings)
    reason = Reason("the one head", f"merged with {onto}" if onto else graph.revisions[graph.head].summary)
    return _report(settings, graph, None, (Outcome(graph.head, "fresh", reason),), [], watch)


def check_migrations(config: Config, console: Console, environment: Mapping[str, str], *, start: bool = True) -> Report:
    """Check that the revisions have a single head, and that the models match a database at that head.

    The models are compared on the database that is named if it is at head, else on the development server, which is
    migrated for it; without either, or without named models, only the files are checked.

    Args:
        config: the project.
        console: shows what could not be compared, and why.
        environment: `DATABASE_URL` names the database.
        start: start the development server where it does not run; without it the files alone are checked then. Nor are
            extensions taken away whose sources were edited; what has just compiled them has none.

    Raises:
        HeadsError: not one head.
        RevisionError: the models differ from head.
    """
    watch = Stopwatch()
    settings = migration_settings(config)
    graph = _graph(settings, console)
    if settings is None or not graph.head:
        return _nothing(console, watch, config, settings)
    files = Outcome(graph.head, "fresh", Reason("the one head", graph.revisions[graph.head].summary))
    database, at, why_not = _compare(config, settings, graph, console, environment, start=start)
    if why_not:
        console.say(f"models not compared: {why_not}")
        return _report(settings, graph, database, (files,), at, watch, models=f"not compared: {why_not}")
    models = Outcome("models", "fresh", Reason("as at head", settings.metadata))
    return _report(settings, graph, database, (files, models), at, watch, models="as at head")


def _compare(
    config: Config,
    settings: MigrationSettings,
    graph: Graph,
    console: Console,
    environment: Mapping[str, str],
    *,
    start: bool,
) -> tuple[Database | None, list[str], str]:
    """Compare the models with head; return on which database, where that is, and why they could not be compared.

    Raises:
        RevisionError: the models differ from head.
    """
    unnamed = 'nothing names them: [tool.buildkit.migrate] metadata = "app.models:Base.metadata"'
    if not settings.metadata and not settings.app and not env_text.of_project(settings).models:
        return None, [], unnamed
    if start:
        database = _database_for_check(config, console, environment)
    else:
        database = present_database(config, environment, graph)
    if database is None:
        return None, [], "no database at hand"
    state = status.state(settings, graph, database.url, say=console.say)
    at = sorted(state.at)
    if state.pending:
        return database, at, f"{_name(settings, database)} is not at head {graph.head}"
    if start:
        remove_outdated_extensions(config, console, environment)
    found = autogenerate.differences(settings, database.url, say=console.say)
    if found:
        raise RevisionError(
            f"the models differ from head {graph.head}",
            details=found,
            hint='write the revision that brings the database there:\ninvoke db.revision -m "…"',
        )
    return database, at, unnamed if found is None else ""


def lines(report: Report) -> list[str]:
    """Return the summary of a report as text."""
    head = report.facts.get("head")
    if not head:
        return []
    applied = [row for row in report.outcomes if row.result == "applied"]
    pending = [row for row in report.outcomes if row.result == "pending"]
    where = report.facts.get("database") or "no database"
    if applied:
        return [f"{where}: {len(applied)} applied, now at head {head} ({report.seconds:.2f} s)"]
    if pending:
        return [
            f"{where}: {len(pending)} pending to head {head}",
            *(f"  {row.subject}  {row.reason.detail}" for row in pending),
        ]
    if any(row.reason.kind == "the database is ahead of it" for row in report.outcomes):
        return [f"{where}: ahead of the code's head {head}, left as it is"]
    if report.facts.get("at"):
        models = ", and the models are as there" if any(row.subject == "models" for row in report.outcomes) else ""
        return [f"{where}: already at head {head}{models}"]
    return [f"one head: {head}"]


def ensure_database(config: Config, console: Console, environment: Mapping[str, str], graph: Graph) -> Database:
    """Return the database that the environment names, else the development database; its server is started if need be.

    Of the copies, the one that fits the revisions, or lacks the fewest; where none does, one that is empty.
    """
    url = environment.get(config.migrate.url_env)
    if url:
        return Database(url)
    server = start_server(config, console, environment)
    return Database(server.url_of(looks.present(server.home, chain_of(graph)) or "postgres"), server.started)


def present_database(config: Config, environment: Mapping[str, str], graph: Graph) -> Database | None:
    """Return the named database, or the running development database as above; None if there is neither."""
    url = environment.get(config.migrate.url_env)
    if url:
        return Database(url)
    server = development.running(config.root)
    name = "" if server is None else looks.present(server.home, chain_of(graph))
    return Database(server.url_of(name)) if server is not None and name else None


def _database_for_check(config: Config, console: Console, environment: Mapping[str, str]) -> Database | None:
    url = environment.get(config.migrate.url_env)
    if url:
        return Database(url)
    if development.find_programs(environment) is None:
        return None
    return migrate_database(config, console, environment)[1]


def _graph(settings: MigrationSettings | None, console: Console) -> Graph:
    return Graph({}, {}, "") if settings is None else revisions.read(settings, say=console.say)


def _nothing(console: Console, watch: Stopwatch, config: Config, settings: MigrationSettings | None) -> Report:
    if settings is None:
        places = " or ".join(dict.fromkeys(map(str, (config.root, config.service_folder))))
        console.say(f"the project has no migrations: no {config.migrate.config}, no migrations/env.py in {places}")
    else:
        console.say(status.no_revisions(settings))
    return Report(SCHEMA, (), watch.seconds, {"head": None, "at": [], "database": None, "started": False}, "revision")


def _report(
    settings: MigrationSettings,
    graph: Graph,
    database: Database | None,
    rows: tuple[Outcome, ...],
    at: list[str],
    watch: Stopwatch,
    **further: object,
) -> Report:
    facts = {
        "head": graph.head,
        "at": at,
        "database": None if database is None else _name(settings, database),
        "started": database is not None and database.started,
        **further,
    }
    return Report(SCHEMA, rows, watch.seconds, facts, "revision")


def _name(settings: MigrationSettings, database: Database) -> str:
    return str(Address.parse(database.url, settings.url_env))
