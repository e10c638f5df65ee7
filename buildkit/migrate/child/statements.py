"""What the revisions send to the server: counted, followed where somebody asks for that, and held to their limits.

A revision may commit by itself, and then a failure of it leaves something behind: in an `autocommit_block()`, by the
connection's own `commit()`, or by a statement that says COMMIT. `CREATE INDEX CONCURRENTLY` has no time limit, since
it waits for others without keeping anybody waiting, and cut short it would leave an invalid index.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from typing import Any

from buildkit.migrate.child.lock_trace import LockTrace
from buildkit.migrate.child.session_limits import SessionLimits
from buildkit.migrate.postgres.invalid_indexes import INVALID

_WRITES = re.compile(r"\s*(INSERT|UPDATE|DELETE|MERGE|COPY)\b", re.IGNORECASE)
_COMMITS = re.compile(
    r"(?:^|;)\s*(?:COMMIT|ABORT|END\s+(?:TRANSACTION|WORK)|ROLLBACK(?!\s+TO))\b|^\s*END\s*;?\s*$", re.IGNORECASE
)
_CONCURRENTLY = re.compile(r"\b(CREATE|DROP|REINDEX)\b.*\bCONCURRENTLY\b", re.IGNORECASE | re.DOTALL)


class InvalidIndex(Exception):  # noqa: N818 - a fact; the supervisor words it
    """A revision ended with an index that is not valid."""

    def __init__(self, names: list[str]) -> None:
        super().__init__(f"left invalid: {', '.join(names)}")
        self.names = names


class Statements:
    """The statements of one revision after the other.

    Args:
        sessions: whose time limits are lifted while an index is built concurrently.
        version_table: the table whose statements are Alembic's own, and are not counted.
        trace: whether each statement's locks are looked at.
    """

    def __init__(self, sessions: SessionLimits, version_table: str, *, trace: bool) -> None:
        self._sessions = sessions
        self._version_table = version_table
        self._trace = LockTrace() if trace else None
        self._running = False
        self._in_body = False
        self._concurrent: list[str] = []
        self.number = self.rows = 0
        self.committed = False
        """Whether something of the revision was committed before its end."""

    def listen(self) -> None:
        """Hear of every statement of the process."""
        from sqlalchemy import event  # noqa: PLC0415
        from sqlalchemy.engine import Engine  # noqa: PLC0415 - not in `sqlalchemy` itself before 2.0

        event.listen(Engine, "before_cursor_execute", self._before)
        event.listen(Engine, "after_cursor_execute", self._after)
        event.listen(Engine, "commit", self._committing)

    def begin(self, *, counted: bool) -> None:
        """Begin with a step of Alembic's; `counted` for a revision, whose statements are its own."""
        self._running, self.committed = counted, False
        self._concurrent.clear()
        self.number = self.rows = 0
        if self._trace:
            self._trace.begin()

    def end(self) -> None:
        """End with the last revision: what env.py sends after it is its own."""
        self._running = False

    def locks(self) -> list[dict[str, Any]] | None:
        """Return what the revision locked, one row a table; None where nobody asks for it."""
        return self._trace.end() if self._trace else None

    def in_body(self, body: Callable[..., None]) -> Callable[..., None]:
        """Wrap a revision's function, so that a commit of its own is told from the one that Alembic makes after it."""

        @functools.wraps(body)
        def noted(**options: Any) -> None:  # noqa: ANN401 - Alembic's own
            self._in_body = True
            try:
                body(**options)
            finally:
                self._in_body = False

        return noted

    def require_valid_indexes(self, *, ctx: Any, **_: object) -> None:  # noqa: ANN401 - Alembic's, before the commit
        """Refuse to write down a revision whose index did not come out valid."""
        if not self._concurrent:
            return
        from sqlalchemy import text  # noqa: PLC0415

        invalid = [
            quoted
            for quoted, bare in ctx.connection.execute(text(INVALID.replace(":", "\\:")))
            if any(bare in statement for statement in self._concurrent)
        ]
        if invalid:
            raise InvalidIndex(invalid)

    def _committing(self, _connection: object) -> None:
        self.committed |= self._in_body

    def _before(self, connection: Any, _cursor: object, statement: str, *_: object) -> None:  # noqa: ANN401
        if self._trace and self._running:
            self._trace.before(lambda query: _rows_of(connection, query))
        self.committed |= self._in_body and _COMMITS.search(statement) is not None
        if _CONCURRENTLY.search(statement):
            self._concurrent.append(statement)
            self._sessions.relax(connection)

    def _after(self, connection: Any, cursor: Any, statement: str, *_: object) -> None:  # noqa: ANN401
        if _CONCURRENTLY.search(statement):
            self._sessions.restrict(connection)
        if self._running and self._version_table not in statement:
            self.number += 1
            if self._trace:
                self._trace.after(lambda query: _rows_of(connection, query), statement)
            if _WRITES.match(statement):
                self.rows += max(0, cursor.rowcount)


def _rows_of(connection: Any, query: str) -> list[tuple[Any, ...]]:  # noqa: ANN401 - SQLAlchemy's
    cursor = connection.connection.cursor()
    try:
        cursor.execute(query)
        return [tuple(row) for row in cursor.fetchall()]
    finally:
        cursor.close()
