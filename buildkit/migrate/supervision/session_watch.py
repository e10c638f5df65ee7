"""Watches the lock and Alembic's sessions, twice a second, over two connections.

The connection that holds the lock must take no snapshot while Alembic runs: CREATE INDEX CONCURRENTLY notes which
transactions have one, and then waits for the end of each, which for the lock's comes after its own. So a beat is a
statement that takes none, and who waits for whom is asked in another session.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from buildkit.errors import DatabaseError
from buildkit.migrate.postgres.connection import Address, Say
from buildkit.migrate.postgres.polled_query import PolledQuery
from buildkit.migrate.postgres.timed_query import LAST_WORD, Unanswered, ask

if TYPE_CHECKING:
    import psycopg

_NOTE = 2.0
"""Seconds of waiting before a line tells of it, and from the child's first connection until its sessions are watched:
most migrations have ended by then, and make no further connection."""

_BEAT = 60.0
"""Seconds that the server may take to answer a beat. It takes that long only if the network is cut."""

_TERMINATED = "57P01"
"""The SQLSTATE of a connection that somebody has ended (pg_terminate_backend)."""

_ALIVE = "SHOW transaction_isolation"
"""It takes no snapshot, as any query would; seen in PostgreSQL 15, 16 and 18, and through PgBouncer."""

# Inside the lock's transaction the view stands still unless it is told not to.
_FRESH = "SELECT pg_stat_clear_snapshot()"
_WAITING = """
SELECT w.pid, w.query, extract(epoch FROM clock_timestamp() - coalesce(
           (SELECT max((to_jsonb(l) ->> 'waitstart')::timestamptz)  -- PostgreSQL 14 has it
            FROM pg_locks l WHERE l.pid = w.pid AND NOT l.granted),
           w.query_start))::float8,
       b.pid, b.application_name, b.state, b.query, extract(epoch FROM clock_timestamp() - b.xact_start)::float8
FROM pg_stat_activity w
LEFT JOIN LATERAL unnest(pg_blocking_pids(w.pid)) AS by(pid) ON true
LEFT JOIN pg_stat_activity b ON b.pid = by.pid
WHERE w.application_name = %s AND w.datname = current_database() AND w.wait_event_type = 'Lock' LIMIT 1
"""
_TERMINATE = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE application_name = %s AND datname = current_database() AND state <> 'idle'
"""


class Lost(DatabaseError):  # noqa: N818 - a fact first; an error only if the migration cannot go on
    """A connection to the server is gone.

    Args:
        words: the message, without the password.
        sqlstate: the server's SQLSTATE; empty or None if it gave none.
    """

    def __init__(self, words: str, sqlstate: str | None) -> None:
        super().__init__(
            "the connection that holds the migration lock was lost, so the migration was ended",
            details=words.strip().splitlines(),
            hint="look at the server's log, then run again; what was not committed is rolled back",
        )
        self.sqlstate = sqlstate or ""


class SessionWatch:
    """Watches the database sessions of one child.

    Args:
        lock: the connection that holds the lock.
        name: the sessions' application_name, which is the child's alone. Their process numbers would not do: behind a
            pooler they serve another client a moment later.
        address: the database.
        say: called with a line when a statement waits for a lock, and for whose.
        guards: whether the connection holds a lock, without which the child may not go on. One that guards nothing may
            be ended by the server: `invoke dev` does so in order to clone the database, once a new revision is there.
    """

    def __init__(
        self, lock: psycopg.Connection[Any], name: str, address: Address, say: Say, *, guards: bool = True
    ) -> None:
        self._lock = lock
        self._guards = guards
        self._ended = False
        self._address = address
        self._name = name
        self._say = say
        self._sessions = PolledQuery(lock, address, "watch", _WAITING, (name,))
        self._connected: float | None = None
        self._seen = 0.0
        self._waited = 0.0
        self._told: tuple[str | None, str | None] | None = None

    def hear(self, event: str) -> None:
        """Note by the name of an event whether the child has connected, or is about to connect anew.

        Until it has connected, no session is made here, which may take the last one that the server has to give.
        """
        if event == "retry":
            self._connected = None
            self._sessions.close()
        elif event == "connected" and self._connected is None:
            self._connected = self._seen = time.monotonic()

    def beat(self) -> None:
        """Check that the lock is still held; once the child has been connected for a while, query its sessions too.

        Raises:
            Lost: the connection is gone, and with it the lock.
        """
        if self._ended:
            return
        try:
            ask(self._lock, _ALIVE, seconds=_BEAT)
        except Unanswered as unanswered:
            if unanswered.sqlstate == _TERMINATED and not self._guards:
                self._ended = True
                return
            raise Lost(self._address.redact(unanswered.words), unanswered.sqlstate) from None
        if self._connected is not None and time.monotonic() - self._connected >= _NOTE:
            rows = self._sessions.rows()
            if rows is not None:
                self._note(rows)

    def close(self) -> None:
        """Close the session in which the others are queried; the lock's connection stays open."""
        self._sessions.close()

    def _note(self, rows: Sequence[tuple[str | None, ...]]) -> None:
        now = time.monotonic()
        before, self._seen = self._seen, now
        if not rows:
            self._told = None
            return
        pid, statement, waits, blocker, name, state, query, age = rows[0]
        self._waited += min(now - before, float(waits or 0))
        if self._waited >= _NOTE and (pid, blocker) != self._told:
            self._told = (pid, blocker)
            whom = f"({name or 'unnamed'}, {state} for {float(age or 0):.0f} s: {_short(query)})"
            self._say(f"{_short(statement)} waits{f' for pid {blocker} {whom}' if blocker else ''}")

    def take_lock_wait(self) -> float:
        """Return the seconds spent waiting for locks since the last call.

        They are looked at twice a second; waits that ended before the sessions were watched are not among them.
        """
        waited, self._waited = self._waited, 0.0
        return waited

    def terminate(self) -> None:
        """End the sessions from the server's side, which rolls back at once even if the child is stuck in a driver.

        A signal may have interrupted a beat, whose answer is discarded first. A server that does not answer is not
        waited for: it rolls back when it finds the child gone.
        """
        with contextlib.suppress(Unanswered):
            ask(self._lock, _FRESH, seconds=LAST_WORD)
            ask(self._lock, _TERMINATE, (self._name,), seconds=LAST_WORD)


def _short(statement: str | None) -> str:
    text = " ".join((statement or "").split())
    return text if len(text) <= 100 else f"{text[:99]}…"  # noqa: PLR2004 - one line of a terminal
