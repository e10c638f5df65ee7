"""Previews a migration: its SQL, and a rehearsal on a temporary copy that reports its locks."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from buildkit.config import Config
from buildkit.db import development
from buildkit.doors.clock import Stopwatch
from buildkit.errors import DatabaseError, OtherDatabaseError, RevisionError
from buildkit.flows.database import start_server
from buildkit.flows.migrate import ensure_database, migration_settings, present_database
from buildkit.flows.outdated import remove_outdated_extensions
from buildkit.migrate import downgrade, revisions, status, throw_away, upgrade
from buildkit.migrate.lint import find_squawk, lint
from buildkit.migrate.postgres.connection import Address
from buildkit.migrate.postgres.visit import VersionTable
from buildkit.migrate.scripts.graph import Graph
from buildkit.migrate.settings import MigrationSettings
from buildkit.model import Outcome, Reason, Report
from buildkit.report.console import Console, table

SQL_SCHEMA = "buildkit.migrate.sql/1"
SCHEMA = "buildkit.migrate.rehearse/1"


def migration_sql(
    config: Config, console: Console, environment: Mapping[str, str], *, revision: str = "", dry_run: bool = False
) -> Report:
    """Render the SQL of the pending revisions, or of one; changes nothing in the database.

    A revision that queries the database cannot be rendered; it is marked, and the others are rendered.

    Args:
        config: the project.
        console: shows where the database is.
        environment: `DATABASE_URL` names the database that says what is pending; without one, and without a
            development server that runs, all revisions are.
        revision: render this one, pending or not.
        dry_run: write nothing at all: extensions of edited sources stay as well.

    Raises:
        RevisionError: there is no such revision, or env.py has no offline mode.
    """
    watch = Stopwatch()
    settings, graph = _project(config, console)
    if settings is None:
        console.say("the project has no migrations")
        return Report(SQL_SCHEMA, (), watch.seconds, {"head": None, "at": [], "database": None}, "revision")
    if revision and revision not in graph.revisions:
        raise RevisionError(f"there is no revision {revision}", hint="see `invoke migrate.status`")
    database = None if revision else present_database(config, environment, graph)
    at: frozenset[str] = frozenset()
    if database is not None:
        at = status.state(settings, graph, database.url, say=console.say).at
    if not dry_run:
        remove_outdated_extensions(config, console, environment)
    found = status.statements(settings, at, say=console.say)
    wanted = {revision} if revision else set(found)
    rows = tuple(
        Outcome(
            each.id,
            "needs a connection" if found[each.id][1] else "rendered",
            Reason(found[each.id][1] or "pending", "" if found[each.id][1] else each.summary),
            detail=found[each.id][0],
        )
        for each in graph.revisions.values()
        if each.id in wanted
    )
    name = None if database is None else str(Address.parse(database.url, settings.url_env))
    return Report(SQL_SCHEMA, rows, watch.seconds, {"head": graph.head, "at": sorted(at), "database": name}, "revision")


def sql_lines(report: Report) -> list[str]:
    """Return the SQL, each revision under a comment that names it."""
    if report.facts["head"] and not report.outcomes:
        return ["-- nothing is pending"]
    return [
        f"-- revision {row.subject}: {row.reason.detail}\n{row.detail}\n"
        if row.result == "rendered"
        else f"-- revision {row.subject} needs a connection, so its SQL is not known before: {row.reason.kind}\n"
        for row in report.outcomes
    ]


def rehearse(config: Config, console: Console, environment: Mapping[str, str], *, rows: bool = False) -> Report:
    """Run the pending revisions on a throw-away copy, and say what each locks, how, how long, and what it rewrites.

    The copy is made on the development server, of the database that `DATABASE_URL` names, else of the development
    database; that one is only read. Where squawk is installed, it reads the SQL as well.

    Args:
        config: the project.
        console: shows each revision.
        environment: names the database, and where PostgreSQL's programs are.
        rows: copy the rows too, so that the times are real; without them the copy has the schema alone.

    Raises:
        RevisionError: a revision fails, as it would on the database itself.
        DatabaseError: no copy can be made.
    """
    watch = Stopwatch()
    settings, graph = _project(config, console)
    if settings is None:
        return _nothing(console, watch)
    source = ensure_database(config, console, environment, graph)
    address = Address.parse(source.url, settings.url_env)
    state = status.state(settings, graph, source.url, say=console.say)
    at, pending = state.at, state.pending
    facts: dict[str, object] = {"head": graph.head, "at": sorted(at), "database": str(address)}
    facts |= {"copied": "rows" if rows else "schema", "locks": [], "lint": []}
    if not pending:
        return Report(SCHEMA, (), watch.seconds, facts, "revision")
    locks: list[dict[str, Any]] = []

    def trace(revision: str, found: list[dict[str, Any]]) -> None:
        locks.extend({"revision": revision, **row} for row in found)

    remove_outdated_extensions(config, console, environment)
    server = start_server(config, console, environment)
    with throw_away.throw_away(server.url) as url:
        console.say(f"rehearsing on a copy of {address}; it is only read")
        places = {place: revisions for place, revisions in state.places if revisions is not None}
        throw_away.copy(address, url, places, _programs(environment), rows=rows)
        done = upgrade.upgrade(
            settings,
            url,
            environment={},
            say=console.say,
            tell=console.outcome,
            trace=trace,
            copied=address,
            throw_away=True,
        )
    facts["locks"] = locks
    squawk = find_squawk(environment)
    if squawk is None:
        console.say("not linted: squawk is not installed (pip install squawk-cli)")
    else:
        try:
            sql = status.statements(settings, at, say=console.say)
        except (RevisionError, OtherDatabaseError) as error:  # the rehearsal itself is done, and went well
            console.say(f"not linted: {error.message}")
            sql = {}
        facts["lint"] = lint(squawk, settings, {each: text for each, (text, _) in sql.items() if text})
    return Report(SCHEMA, done.applied, watch.seconds, facts, "revision")


def round_trip(config: Config, console: Console, environment: Mapping[str, str]) -> Report:
    """Take an empty throw-away database up to head, down again and up again, and compare.

    The downgrade stops at the first revision from head on without a `downgrade`. Where all have one, nothing may be
    left at the end; and the second way up must lead to the same schema as the first.

    Raises:
        RevisionError: a revision fails, leaves something behind, or the schemas differ.
        DatabaseError: there is no PostgreSQL to start.
    """
    watch = Stopwatch()
    settings, graph = _project(config, console)
    if settings is None:
        return _nothing(console, watch)
    target, down = graph.downgrade_limit()
    programs = _programs(environment)
    present = present_database(config, environment, graph)
    named = None if present is None else Address.parse(present.url, settings.url_env)
    server = start_server(config, console, environment)
    places: set[VersionTable] = set()
    remove_outdated_extensions(config, console, environment)

    def up(url: str) -> str:
        done = upgrade.upgrade(
            settings,
            url,
            environment={},
            say=console.say,
            tell=lambda _: None,
            copied=named,
            throw_away=True,
        )
        places.update(done.places)
        return throw_away.schema(url, places, programs)

    with throw_away.throw_away(server.url) as url:
        empty = throw_away.schema(url, (), programs)
        first = up(url)
        downgrade.downgrade(settings, graph, url, target or "base", say=console.say, copied=named)
        left = throw_away.schema(url, places, programs)
        if not target and left != empty:
            raise _differ("the way down leaves something behind", empty, left)
        second = up(url)
    if first != second:
        raise _differ("the second way up leads elsewhere than the first", first, second)
    rows = tuple(
        Outcome(each.id, "reversed", Reason("up, down and up again", each.summary))
        if each.id in down
        else Outcome(each.id, "kept", Reason("no way down", each.summary))
        for each in graph.revisions.values()
    )
    facts: dict[str, object] = {"head": graph.head, "at": [], "database": None, "copied": "nothing"}
    return Report(SCHEMA, rows, watch.seconds, facts, "revision")


def lines(report: Report) -> list[str]:
    """Return the report of a rehearsal as text."""
    head, rows = report.facts["head"], report.outcomes
    if not head:
        return []
    if report.facts["copied"] == "nothing":
        kept = [row.subject for row in rows if row.result == "kept"]
        note = f"; no way down below {kept[-1]}" if kept else ""
        return [f"{len(rows) - len(kept)} of {len(rows)} revisions went up, down and up again to the same schema{note}"]
    if not rows:
        return [f"{report.facts['database']}: nothing is pending, already at head {head}"]
    number = f"{len(rows)} revision{'s' * (len(rows) > 1)}"
    said = [f"{number} rehearsed to head {head} on a copy of {report.facts['database']}"]
    said[0] += f" (its {report.facts['copied']}), {report.seconds:.2f} s"
    locks: Any = report.facts["locks"]
    if locks:
        heading = ("revision", "table", "lock", "keeps waiting", "held (s)", "rewrites")
        cells = [
            (row["revision"], row["table"], row["mode"], row["blocks"], f"{row['held']:.3f}", "yes" * row["rewrite"])
            for row in locks
        ]
        said += ["", *table([heading, *cells])]
    else:
        said.append("no table is locked that was there before")
    lint: Any = report.facts["lint"]
    if lint:
        said += ["", "squawk:", *(f"  {row['revision']}  {row['rule']}: {row['message']}" for row in lint)]
    return said


def _project(config: Config, console: Console) -> tuple[MigrationSettings | None, Graph]:
    """Return settings and graph; no settings where there is no revision."""
    settings = migration_settings(config)
    graph = Graph({}, {}, "") if settings is None else revisions.read(settings, say=console.say)
    return (settings if graph.head else None), graph


def _nothing(console: Console, watch: Stopwatch) -> Report:
    console.say("the project has no migrations")
    return Report(SCHEMA, (), watch.seconds, {"head": None, "at": [], "database": None}, "revision")


def _programs(environment: Mapping[str, str]) -> Path:
    programs = development.find_programs(environment)
    if programs is None:
        raise DatabaseError("there is no PostgreSQL to rehearse on", hint='pip install "invoke-buildkit[postgres]"')
    return programs


def _differ(message: str, one: str, other: str) -> RevisionError:
    before, after = one.splitlines(), other.splitlines()
    details = [f"- {line}" for line in before if line not in after] + [
        f"+ {line}" for line in after if line not in before
    ]
    return RevisionError(message, details=details[:12], hint="mend the `downgrade` of the revision that made it")
