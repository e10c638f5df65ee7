"""Reads the version table, and checks that a migration can start from it. Nothing here writes to it."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

from buildkit.errors import DatabaseError, VersionTableError
from buildkit.migrate.postgres import unknown_revision
from buildkit.migrate.postgres.connection import Address
from buildkit.migrate.postgres.visit import SESSION, Session, VersionTable
from buildkit.migrate.scripts.graph import Graph
from buildkit.migrate.settings import MigrationSettings

if TYPE_CHECKING:
    import psycopg

_USER_TABLES = """
SELECT format('%%I.%%I', n.nspname, c.relname)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = coalesce(nullif(%(schema)s, ''), current_schema())
  AND c.relkind IN ('r', 'p') AND c.relname <> %(table)s
  AND NOT EXISTS (  -- those of an extension are nobody's tables
    SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e'
  )
ORDER BY 1 LIMIT 4
"""


def session(connection: psycopg.Connection[Any]) -> Session:
    """Return the server's description of this connection's session."""
    row = connection.execute(SESSION).fetchone()
    assert row is not None  # noqa: S101 - it has no FROM
    return Session.of(row)


def read(connection: psycopg.Connection[Any], place: VersionTable) -> frozenset[str] | None:
    """Return the revisions in a version table, or None where there is no such table.

    The read leaves nothing in an open transaction, neither a lock on the table nor an error if it is missing. If only
    the role that env.py sets may read it, that role is used for the read.

    Raises:
        DatabaseError: the role may not read it.
    """
    import psycopg  # noqa: PLC0415

    try:
        return _read(connection, place, "")
    except psycopg.errors.InsufficientPrivilege as error:
        with contextlib.suppress(psycopg.errors.InsufficientPrivilege, psycopg.errors.InvalidParameterValue):
            if place.role:
                return _read(connection, place, place.role)
        raise DatabaseError(
            f"the role may not read {place.table}",
            details=[str(error.diag.message_primary)],
            hint=f"GRANT ALL ON {place} TO {connection.info.user}",
        ) from None


def _read(connection: psycopg.Connection[Any], place: VersionTable, role: str) -> frozenset[str] | None:
    import psycopg  # noqa: PLC0415
    from psycopg import sql  # noqa: PLC0415

    parts = [part for part in (place.schema, place.table) if part]
    query = sql.SQL("SELECT version_num FROM {}").format(sql.Identifier(*parts))
    inside = connection.info.transaction_status != psycopg.pq.TransactionStatus.IDLE
    if inside or role:
        connection.execute("SAVEPOINT look" if inside else "BEGIN")
    try:
        if role:
            connection.execute(sql.SQL("SET LOCAL ROLE {}").format(sql.Identifier(role)))
        return frozenset(row[0] for row in connection.execute(query))
    except (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName):
        return None
    finally:
        if (inside or role) and not connection.closed:
            connection.execute("ROLLBACK TO SAVEPOINT look" if inside else "ROLLBACK")


def require_usable(
    connection: psycopg.Connection[Any],
    place: VersionTable,
    settings: MigrationSettings,
    graph: Graph,
    at: Collection[str] | None,
    address: Address,
) -> None:
    """Check that there is a path from the revisions `at` to head.

    An empty version table means that nothing has been applied. Several rows are no fault if each is a branch of its
    own: a run that was killed between two branches and their merge leaves them, and the next run continues from there.

    Raises:
        DatabaseAheadError: the database is at a revision that no file has.
        VersionTableError: there are tables but no version table, a revision's file is gone, or there are two rows of
            which one needs the other.
    """
    if at is None:
        beside = tables(connection, place)
        if not beside:
            return
        at = read(connection, place)  # another migration may have committed both since the first look
        if at is None:
            raise _unmanaged(place, address, beside)
    unknown = sorted(set(at) - set(graph.revisions))
    if unknown:
        raise unknown_revision.unknown(unknown, place, settings, graph, address)
    for each in at:
        needed = graph.below(graph.needs[each]) & set(at)
        if needed:
            others = ", ".join(sorted(needed))
            raise VersionTableError(
                f"{place.table} in {address} holds {each} beside {others}, which it needs",
                hint="find out which is true, and delete the other row",
            )


def require_writable(
    place: VersionTable,
    session: Session,
    width: int,
    settings: MigrationSettings,
    pending: Collection[str],
    address: Address,
) -> None:
    """Check, before the first revision, that the pending ids can be written to the version table.

    Args:
        place: the version table.
        session: the session that writes.
        width: how many characters an id may have in the table; 0 for any number.
        settings: the project's migration settings.
        pending: the ids to be written.
        address: the database.

    Raises:
        DatabaseError: the server or the session takes no writes.
        VersionTableError: an id is too long for the table.
    """
    if not pending:
        return
    if session.standby:
        raise DatabaseError(
            f"{address} is on a standby, which takes no writes: {len(pending)} pending",
            hint=f"name the primary in {settings.url_env}; of several hosts, ?target_session_attrs=read-write finds it",
        )
    if session.read_only:
        raise DatabaseError(
            f"the sessions of role {session.role} in {address} are read-only: {len(pending)} pending",
            hint="default_transaction_read_only is on for this role, or env.py makes its transaction read-only; the "
            "first is taken off by\n"
            f"ALTER ROLE {session.role} IN DATABASE {session.database} SET default_transaction_read_only = off",
        )
    long = [each for each in pending if width and len(each) > width]
    if long:
        raise VersionTableError(
            f"revision {long[0]} has {len(long[0])} characters, and {place} in {address} takes {width}",
            hint=f"make the column wider before the first such revision, as in\nALTER TABLE {place} ALTER version_num "
            "TYPE varchar(255)\nor give the revision a shorter id",
        )


def tables(connection: psycopg.Connection[Any], place: VersionTable) -> tuple[str, ...]:
    """Return other tables in the schema of a version table; four at most."""
    return tuple(row[0] for row in connection.execute(_USER_TABLES, {"schema": place.schema, "table": place.table}))


def some(tables: Sequence[str]) -> str:
    """Return up to three table names as a text, and whether there are more."""
    return ", ".join(tables[:3]) + (" …" if len(tables) > 3 else "")  # noqa: PLR2004 - the fourth says "and more"


def _unmanaged(place: VersionTable, address: Address, tables: Sequence[str]) -> VersionTableError:
    return VersionTableError(
        f"database {address} has tables, but there is no {place}: nobody knows at which revision it is",
        details=[f"tables: {some(tables)}"],
        hint="say it once: `invoke migrate.adopt --revision ID` where the tables are those of a revision,\n"
        "`--revision base` where they are others', or what the first revision finds made, and nothing is applied;\n"
        "`invoke migrate.adopt` shows what there is",
    )
