"""Looks at the database and changes nothing: where it is, what it lacks, how the models differ from it."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

from buildkit.errors import DatabaseError, RevisionError
from buildkit.migrate import supervisor, version_table
from buildkit.migrate.asking import Unanswered
from buildkit.migrate.database import Address, Say, connect
from buildkit.migrate.graph import Graph
from buildkit.migrate.settings import MigrationSettings
from buildkit.migrate.watch import Lost

if TYPE_CHECKING:
    import psycopg


def statements(settings: MigrationSettings, at: Collection[str], *, say: Say) -> dict[str, tuple[str, str]]:
    """Return, for each revision after `at`, its SQL and why there is none; nothing is connected to.

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
        supervisor.run("sql", settings, address, url=url, lock=None, say=say, tell=hear, at=sorted(at))
    except supervisor.Failure as failure:
        raise RevisionError(
            f"the SQL cannot be rendered: {failure.event.get('message', 'Alembic did not run')}",
            details=[failure.event["where"]] if failure.event.get("where") else failure.words,
            hint="does env.py have an offline mode, as those that `alembic init` makes have?",
        ) from None
    return found


def nothing(settings: MigrationSettings) -> str:
    """Return what is said of a project with an env.py and no revision."""
    places = [
        os.path.relpath(folder, settings.root) + ("" if folder.is_dir() else ", which is not there")
        for folder in settings.versions
    ]
    return f"there are no revisions: looked in {'; '.join(places)}"


def warn_of_missing(settings: MigrationSettings, say: Say) -> None:
    """Name the folders of revisions that are not there, which Alembic passes over."""
    for folder in settings.versions:
        if not folder.is_dir():
            say(f"warning: version_locations names {os.path.relpath(folder, settings.root)}, which is not there")


def warn_of_target(environment: Mapping[str, str], say: Say) -> None:
    """Say once that the variable which used to choose a revision chooses nothing any more."""
    if environment.get(supervisor.TARGET):
        say(
            f"warning: {supervisor.TARGET} is set and has no effect: the database always goes to head; "
            "see docs/how-to/from-upgrade-target.md"
        )


def is_at_head(
    connection: psycopg.Connection[Any], settings: MigrationSettings, graph: Graph, address: Address
) -> bool:
    """Whether the database is at head; errors as `version_table.require_usable`."""
    at = version_table.read(connection, settings)
    if at is not None and at == {graph.head}:
        return True
    version_table.require_usable(connection, settings, graph, at, address)
    return False


def pending(settings: MigrationSettings, graph: Graph, url: str, *, say: Say) -> tuple[frozenset[str], list[str]]:
    """Return where the database is and the ids that it lacks; only looks."""
    address = Address.parse(url, settings.url_env)
    with contextlib.closing(connect(address, wait=settings.wait, say=say)) as connection, worded(address):
        at = version_table.read(connection, settings)
        version_table.require_usable(connection, settings, graph, at, address)
        return at or frozenset(), [revision.id for revision in graph.pending(at or ())]


def differences(settings: MigrationSettings, url: str, *, say: Say) -> list[str]:
    """Return how the models differ from a database that is at head, in Alembic's terms; empty if they do not.

    Raises:
        RevisionError: env.py gives no metadata, or cannot be run.
    """
    address = Address.parse(url, settings.url_env)
    found: list[str] = []

    def hear(event: supervisor.Event) -> None:
        if event["event"] == "differences":
            found.extend(event["rows"])

    with supervisor.stoppable(), contextlib.closing(connect(address, wait=settings.wait, say=say)) as connection:
        try:
            supervisor.run("check", settings, address, url=url, lock=connection, say=say, tell=hear)
        except supervisor.Failure as failure:
            raise RevisionError(
                f"the models cannot be compared: {failure.event.get('message', 'Alembic did not run')}",
                details=[failure.event.get("where", "")] if failure.event.get("where") else failure.words,
                hint='name the models: [tool.alembic] metadata = "app.models:Base.metadata"',
            ) from None
    return found


@contextlib.contextmanager
def worded(address: Address) -> Any:  # noqa: ANN401 - a context manager's generator
    """Turn what the server says to our own statements into an error without the password.

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
