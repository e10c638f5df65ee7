"""The version table: what it says, and whether that can be built upon. Nothing here ever writes to it."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from buildkit.errors import DatabaseAheadError, DatabaseError, VersionTableError
from buildkit.migrate.database import Address
from buildkit.migrate.graph import Graph
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


def read(connection: psycopg.Connection[Any], settings: MigrationSettings) -> frozenset[str] | None:
    """Return the revisions in the version table, or None where there is no such table.

    Inside a transaction nothing of the look remains, neither a lock on the table nor the error of its absence.

    Raises:
        DatabaseError: the role may not read it.
    """
    import psycopg  # noqa: PLC0415
    from psycopg import sql  # noqa: PLC0415

    parts = [part for part in (settings.version_schema, settings.version_table) if part]
    query = sql.SQL("SELECT version_num FROM {}").format(sql.Identifier(*parts))
    inside = connection.info.transaction_status != psycopg.pq.TransactionStatus.IDLE
    if inside:
        connection.execute("SAVEPOINT look")
    try:
        return frozenset(row[0] for row in connection.execute(query))
    except (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName):
        return None
    except psycopg.errors.InsufficientPrivilege as error:
        raise DatabaseError(
            f"the role may not read {settings.version_table}",
            details=[str(error.diag.message_primary)],
            hint=f"GRANT ALL ON {'.'.join(parts)} TO {connection.info.user}",
        ) from None
    finally:
        if inside and not connection.closed:
            connection.execute("ROLLBACK TO SAVEPOINT look")


def require_usable(
    connection: psycopg.Connection[Any],
    settings: MigrationSettings,
    graph: Graph,
    at: Collection[str] | None,
    address: Address,
) -> None:
    """Make sure that the way from `at` to head is known.

    Several rows are no fault where each is a branch of its own: a run that was killed between two branches and their
    merge leaves them, and the next run goes on from there.

    Raises:
        DatabaseAheadError: the database is at a revision that no file has.
        VersionTableError: there are tables but no revision, or two rows of which one needs the other.
    """
    if not at:
        tables = _tables(connection, settings)
        if not tables:
            return
        at = read(connection, settings)  # another migration may have committed both since the first look
        if not at:
            raise _unmanaged(settings, address, tables, missing=at is None)
    unknown = sorted(set(at) - set(graph.revisions))
    if unknown:
        raise DatabaseAheadError(
            f"database {address} is at revision {', '.join(unknown)}, which the code does not have: it is ahead",
            hint=f"deploy the code that brought it there; this code's head is {graph.head}\n"
            "if this code is meant to run on it, as after a way back: PYBUILDKIT_MIGRATE_AHEAD=serve",
        )
    for each in at:
        needed = graph.below(graph.needs[each]) & set(at)
        if needed:
            others = ", ".join(sorted(needed))
            raise VersionTableError(
                f"{settings.version_table} in {address} holds {each} beside {others}, which it needs",
                hint="find out which is true, and delete the other row",
            )


def _tables(connection: psycopg.Connection[Any], settings: MigrationSettings) -> list[str]:
    names = {"schema": settings.version_schema, "table": settings.version_table}
    return [row[0] for row in connection.execute(_USER_TABLES, names)]


def _unmanaged(settings: MigrationSettings, address: Address, tables: list[str], *, missing: bool) -> VersionTableError:
    shown = ", ".join(tables[:3]) + (" …" if len(tables) > 3 else "")  # noqa: PLR2004 - the fourth says "and more"
    state = "there is no" if missing else "there is nothing in"
    return VersionTableError(
        f"database {address} has tables, but {state} {settings.version_table}: nobody knows at which revision it is",
        details=[f"tables: {shown}"],
        hint="find the revision that its tables are at, and write it down once: alembic stamp REVISION",
    )
