"""Reads a database's state without changing it: its revisions, and the pending ones."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from buildkit.errors import DatabaseError, OtherDatabaseError, RevisionError
from buildkit.migrate import same_database
from buildkit.migrate.failures import env_failed
from buildkit.migrate.postgres import version_table
from buildkit.migrate.postgres.connection import Address, Say, connect
from buildkit.migrate.postgres.timed_query import Unanswered
from buildkit.migrate.postgres.visit import VersionTable, Visit
from buildkit.migrate.scripts import env_text
from buildkit.migrate.scripts.graph import Graph
from buildkit.migrate.settings import MigrationSettings
from buildkit.migrate.supervision import supervisor
from buildkit.migrate.supervision.session_watch import Lost

if TYPE_CHECKING:
    import psycopg


@dataclass(frozen=True, slots=True)
class State:
    """The revisions of a database and what it lacks.

    Args:
        at: the revisions in its version tables.
        pending: the ids that a version table lacks, in an order in which they can be applied.
        places: each version table with the revisions in it; several if env.py migrates tenants.
    """

    at: frozenset[str]
    pending: list[str]
    places: tuple[tuple[VersionTable, frozenset[str] | None], ...]


def statements(settings: MigrationSettings, at: Collection[str], *, say: Say) -> dict[str, tuple[str, str]]:
    """Return, for each revision after `at`, its SQL, or why there is none; nothing is connected to.

    Raises:
        RevisionError: env.py cannot be run without a connection.
    """
    found: dict[str, tuple[str, str]] = {}

    def hear(event: supervisor.Event) -> None:
        if event["event"] == "sql":
            found[event["revision"]] = (event["sql"], event["refused"])

    address = Address.parse("postgresql://offline/offline", settings.url_env)
    try:
        url = address.sqlalchemy
        fence = {"kind": "none"}
        supervisor.run("sql", settings, address, url=url, lock=None, say=say, tell=hear, fence=fence, at=sorted(at))
    except supervisor.Failure as failure:
        if failure.event.get("other"):
            raise OtherDatabaseError(
                f"env.py connects to {failure.event['other']}, while its SQL is rendered without a connection",
                details=[failure.event["where"]] if failure.event.get("where") else [],
                hint="let env.py connect only where `context.is_offline_mode()` is false",
            ) from None
        raise RevisionError(
            f"the SQL cannot be rendered: {failure.event.get('message', 'Alembic did not run')}",
            details=[failure.event["where"]] if failure.event.get("where") else failure.words,
            hint="does env.py have an offline mode, as those that `alembic init` makes have?",
        ) from None
    return found


def no_revisions(settings: MigrationSettings) -> str:
    """Return the message for a project that has an env.py and no revisions."""
    places = [
        os.path.relpath(folder, settings.root) + ("" if folder.is_dir() else ", which is not there")
        for folder in settings.versions
    ]
    return f"there are no revisions: looked in {'; '.join(places)}"


def warn_of_missing_folders(settings: MigrationSettings, say: Say) -> None:
    """Warn about configured revision folders that do not exist, which Alembic ignores."""
    for folder in settings.versions:
        if not folder.is_dir():
            say(f"warning: version_locations names {os.path.relpath(folder, settings.root)}, which is not there")


def warn_of_upgrade_target(environment: Mapping[str, str], say: Say) -> None:
    """Warn that the variable ALEMBIC_UPGRADE_TARGET, which used to choose a revision, has no effect."""
    if environment.get(supervisor.TARGET):
        say(
            f"warning: {supervisor.TARGET} is set and has no effect: the database always goes to head; "
            "see docs/how-to/from-upgrade-target.md"
        )


def is_at_head(
    connection: psycopg.Connection[Any],
    place: VersionTable,
    settings: MigrationSettings,
    graph: Graph,
    address: Address,
) -> bool:
    """Whether the database is at head; errors as `version_table.require_usable`."""
    at = version_table.read(connection, place)
    if at is not None and at == {graph.head}:
        return True
    version_table.require_usable(connection, place, settings, graph, at, address)
    return False


def visits(
    connection: psycopg.Connection[Any],
    settings: MigrationSettings,
    address: Address,
    url: str,
    *,
    say: Say,
    several: bool,
    fence: Mapping[str, object] | None = None,
    variables: Mapping[str, str] = MappingProxyType({}),
    writes_nothing: bool = True,
) -> list[Visit]:
    """Run env.py without any revision, and return the visits: what it has Alembic work on.

    Args:
        connection: a connection to the database.
        settings: the project's migration settings.
        address: the database.
        url: its URL as the user wrote it.
        say: called with each line that the project prints.
        several: whether env.py may run the revisions more than once. If not, env.py is stopped at its first run of the
            revisions.
        fence: the databases that it may connect to; None for that of `connection` alone.
        variables: additional environment variables.
        writes_nothing: whether env.py's own writes, such as a schema that it makes, are rolled back.

    Raises:
        OtherDatabaseError: env.py works on another database.
        Failure: env.py failed before it ran Alembic.
    """
    ours = version_table.session(connection)
    fence = fence or {"kind": "named", "server": ours.server}
    found: list[Visit] = []

    def hear(event: supervisor.Event) -> None:
        if event["event"] == "visit":
            found.append(Visit.of(event["visit"]))

    try:
        supervisor.run(
            "look",
            settings,
            address,
            url=url,
            lock=connection,
            say=say,
            tell=hear,
            fence=fence,
            variables=variables,
            several=several,
            writes_nothing=writes_nothing,
        )
    except supervisor.Failure as failure:
        if failure.event.get("other"):
            raise same_database.other_database(failure.event["other"], settings, address) from None
        if not found:
            raise
        # What env.py does after the revisions may need them; a fault there shows once they are applied.
    same_database.require_same(found, ours, settings, address)
    return found


def state(settings: MigrationSettings, graph: Graph, url: str, *, say: Say) -> State:
    """Return the database's state; nothing is changed.

    Raises:
        BuildkitError: the database cannot be reached, or there is no known path from its revisions to head.
    """
    found = _places(settings, graph, url, say, usable=True)
    lacking = {revision.id for _, at in found for revision in graph.pending(at or ())}
    pending = [each for each in graph.revisions if each in lacking]
    return State(frozenset().union(*(at or () for _, at in found)), pending, tuple(found))


def standing(settings: MigrationSettings, graph: Graph, url: str, *, say: Say) -> tuple[list[str], list[str]]:
    """Return the revisions of the database and all that it has applied, as far as the graph knows them.

    A database that is ahead of the code, or that has no version table, is no error here. Nothing is changed.

    Raises:
        BuildkitError: the database cannot be reached.
    """
    at = {each for _, ids in _places(settings, graph, url, say, usable=False) for each in ids or ()}
    applied = graph.below([each for each in at if each in graph.revisions])
    return sorted(at), [each for each in graph.revisions if each in applied]


def _places(
    settings: MigrationSettings, graph: Graph, url: str, say: Say, *, usable: bool
) -> list[tuple[VersionTable, frozenset[str] | None]]:
    """Return each version table with its revisions; if `usable`, check that a way leads from them to head."""
    address = Address.parse(url, settings.url_env)
    said = env_text.of_project(settings)
    with (
        supervisor.stoppable(),
        contextlib.closing(connect(address, wait=settings.wait, say=say)) as connection,
        as_database_error(address),
    ):
        if said.plain:
            place = VersionTable.guess(settings)
            found = [(place, version_table.read(connection, place))]
        else:
            try:
                seen = visits(connection, settings, address, url, say=say, several=said.several)
            except supervisor.Failure as failure:
                raise env_failed(settings, failure) from None
            found = [(each.place, each.at) for each in seen]
        for place, at in found if usable else ():
            version_table.require_usable(connection, place, settings, graph, at, address)
    return found


@contextlib.contextmanager
def as_database_error(address: Address) -> Any:  # noqa: ANN401 - a context manager's generator
    """Turn errors of our own statements in the block into a `DatabaseError` without the password.

    Raises:
        Lost: the connection is gone.
    """
    import psycopg  # noqa: PLC0415

    try:
        yield
    except (psycopg.Error, Unanswered) as error:
        words = address.redact(error.words if isinstance(error, Unanswered) else str(error))
        # Without a SQLSTATE it is libpq that lost the connection.
        of_connection = isinstance(error, (psycopg.OperationalError, Unanswered))
        if of_connection and (error.sqlstate or "08").startswith(("08", "57P0")):
            raise Lost(words, error.sqlstate) from None
        raise DatabaseError(
            f"database {address} refused",
            details=words.splitlines(),
            hint="look at the server's log, then run again",
        ) from None
