"""Watches the statements of the revisions: counts them, traces their locks on request, lifts their time limits.

A revision may commit by itself, and then its failure leaves something behind: in an `autocommit_block()`, by the
connection's own `commit()`, or by a COMMIT statement. `CREATE INDEX CONCURRENTLY` has no time limit, since it waits for
others without blocking them, and if interrupted it would leave an invalid index.
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
    """A revision left an invalid index."""

    def __init__(self, names: list[str]) -> None:
        super().__init__(f"left invalid: {', '.join(names)}")
        self.names = names


class Statements:
    """The statements of one revision after the other.

    Args:
        sessions: the limits that are lifted while an index is built concurrently.
        version_table: the version table; statements that name it are Alembic's own and are not counted.
        trace: whether each statement's locks are traced.
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

    def install(self) -> None:
        """Install the hooks that see every statement of the process."""
        from sqlalchemy import event  # noqa: PLC0415
        from sqlalchemy.engine import Engine  # noqa: PLC0415 - not in `sqlalchemy` itself before 2.0

        event.listen(Engine, "before_cursor_execute", self._before)
        event.listen(Engine, "after_cursor_execute", self._after)
        event.listen(Engine, "commit", self._committing)

    def begin(self, *, counted: bool) -> None:
        """Begin a step of Alembic's; `counted` if it is a revision, whose statements are counted."""
        self._running, self.committed = counted, False
        self._concurrent.clear()
        self.number = self.rows = 0
        if self._trace:
            self._trace.begin()

    def end(self) -> None:
        """End after the last revision: statements that env.py sends later are not counted."""
        self._running = False

    def locks(self) -> list[dict[str, Any]] | None:
        """Return the locks of the revision, one row a table; None if they are not traced."""
        return self._trace.end() if self._trace else None

    def in_body(self, body: Callable[..., None]) -> Callable[..., None]:
        """Wrap a revision's function, so that a commit by the revision itself is distinguished from Alembic's own."""

        @functools.wraps(body)
        def noted(**options: Any) -> None:  # noqa: ANN401 - Alembic's own
            self._in_body = True
            try:
                body(**options)
            finally:
                self._in_body = False

        return noted

    def require_valid_indexes(self, *, ctx: Any, **_: object) -> None:  # noqa: ANN401 - Alembic's, before the commit
        """Refuse to record a revision whose index is invalid."""
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
