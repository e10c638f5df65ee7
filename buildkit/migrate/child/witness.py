"""Finds out in the child which database, role, schema and version table env.py gives to Alembic.

It asks when Alembic is about to run the revisions, at the last moment before anything is written: an env.py may set the
search path or the role after `configure()` as well. The queries run on env.py's own connection.
"""

from __future__ import annotations

import os
import traceback
import weakref
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from buildkit.migrate.child.transactions import id_width
from buildkit.migrate.postgres.visit import SESSION, Session, VersionTable, Visit

if TYPE_CHECKING:
    from alembic.runtime.migration import MigrationContext

_TABLE = """
SELECT n.nspname::text, coalesce(a.atttypmod, -1)::text
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'version_num'
WHERE c.relkind IN ('r', 'p', 'v', 'f') AND c.relname = {table} AND {where}
"""
_HEADER = 4  # of the length that pg_attribute gives for varchar(n)


class Witness:
    """Remembers where each transaction began, and describes the database of a migration context.

    Args:
        root: the project's folder.
        scripts: the folder with env.py.
    """

    def __init__(self, root: Path, scripts: Path) -> None:
        self._places = (f"{scripts}{os.sep}", f"{root}{os.sep}")
        self._begun: weakref.WeakKeyDictionary[Any, str] = weakref.WeakKeyDictionary()

    def install(self) -> None:
        """Install the hook."""
        from sqlalchemy import event  # noqa: PLC0415
        from sqlalchemy.engine import Engine  # noqa: PLC0415 - in the child alone

        event.listen(Engine, "begin", self._begins)

    def visit(self, context: MigrationContext, *, one_transaction: bool) -> Visit:
        """Return the database, version table and transaction of `context`, leaving its connection unchanged.

        Args:
            context: a context that has a connection.
            one_transaction: whether all revisions will be in one transaction.
        """
        connection: Any = context.connection
        named = _named(connection)
        schema = context.version_table_schema or ""
        if connection.dialect.name != "postgresql":
            return Visit(None, VersionTable(context.version_table, schema), None, 0, named)
        translated = connection.get_execution_options().get("schema_translate_map") or {}
        schema = translated.get(context.version_table_schema, schema) or ""
        begun = connection.in_transaction()
        session = Session.of(rows(connection.connection, SESSION)[0])
        found = rows(
            connection.connection,
            _TABLE.format(
                table=_literal(context.version_table),
                where=f"n.nspname = {_literal(schema)}" if schema else "pg_table_is_visible(c.oid)",
            ),
        )
        at = None
        if found:
            schema, width = found[0][0], int(found[0][1]) - _HEADER
            table = ".".join('"' + part.replace('"', '""') + '"' for part in (schema, context.version_table))
            at = frozenset(str(row[0]) for row in rows(connection.connection, f"SELECT version_num FROM {table}"))  # noqa: S608
        else:
            schema, width = schema or session.schema, id_width(context)
        if not begun:
            connection.connection.rollback()  # the transaction that only these queries began
        place = VersionTable(context.version_table, schema, session.role)
        return Visit(
            session, place, at, max(0, width), named, self._begun.get(connection, "") if begun else "", one_transaction
        )

    def _begins(self, connection: Any) -> None:  # noqa: ANN401 - SQLAlchemy's
        stack = [frame for frame in traceback.extract_stack() if "site-packages" not in frame.filename]
        for place in self._places:
            ours = [frame for frame in stack if frame.filename.startswith(place)]
            if ours:
                self._begun[connection] = f"{ours[-1].filename}:{ours[-1].lineno}"
                return
        self._begun.pop(connection, None)


def rows(connection: Any, query: str) -> Sequence[Sequence[Any]]:  # noqa: ANN401 - any driver's
    """Return the rows of a query on the driver's connection, without SQLAlchemy's events."""
    cursor = connection.cursor()
    try:
        cursor.execute(query)
        found: Sequence[Sequence[Any]] = cursor.fetchall()
    finally:
        cursor.close()
    return found


def _named(connection: Any) -> str:  # noqa: ANN401 - SQLAlchemy's
    url = connection.engine.url
    if connection.dialect.name != "postgresql":
        return f"{connection.dialect.name} {url.database or ''}".strip()
    host = url.host or url.query.get("host") or "localhost"
    hosts = host if isinstance(host, str) else ",".join(host)
    return f"{hosts}:{url.port or url.query.get('port') or 5432}/{url.database or ''}"


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
