"""One migration at a time: a PostgreSQL advisory lock that is polled, never waited for inside the server.

A session that waits in `pg_advisory_lock` holds a snapshot, and CREATE INDEX CONCURRENTLY waits for all older
snapshots: two replicas then wait for each other for ever, through a holder that is idle, so that no deadlock detector
sees it. So the lock is tried, and tried again. It is held by an idle READ COMMITTED transaction, which has no snapshot
and which also works through a pooler, and it ends with its connection, however the holder ends.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import random
import time
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from buildkit.errors import LockBusyError
from buildkit.migrate.postgres.connection import Say
from buildkit.migrate.postgres.timed_query import LAST_WORD, Unanswered, ask
from buildkit.migrate.postgres.visit import VersionTable
from buildkit.migrate.settings import MigrationSettings

if TYPE_CHECKING:
    import psycopg

_SHORTEST, _LONGEST = 0.1, 1.0
_NOTE = 5.0
_ANSWER = 60.0
_SHORTEST_WAIT = 5.0
_NO_LIMIT = ("idle_in_transaction_session_timeout", "transaction_timeout", "idle_session_timeout")

_HOLDER = """
SELECT l.pid, a.application_name, extract(epoch FROM clock_timestamp() - a.xact_start)::float8,
       w.query, b.pid, b.application_name
FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
LEFT JOIN pg_stat_activity w ON w.state <> 'idle' AND w.application_name LIKE 'buildkit migrate %%'
  AND split_part(w.application_name, ' ', 4) = split_part(a.application_name, ' ', 3)
LEFT JOIN pg_stat_activity b ON b.pid = ANY (CASE WHEN w.wait_event_type = 'Lock' THEN pg_blocking_pids(w.pid) END)
WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
  AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
  AND (l.classid::bigint << 32 | l.objid::bigint) = %s::bigint
LIMIT 1
"""


def key(schema: str, table: str) -> int:
    """Return the lock's key: advisory locks are a database's, so it carries the schema and the version table."""
    text = f"buildkit migrate\0{schema}\0{table}"
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big", signed=True)


def session_tag(connection: psycopg.Connection[Any], settings: MigrationSettings) -> str:
    """Return a short tag of the lock's key for session names, since several services may share a database."""
    return f"{_own(connection, settings) & 0xFFFFFF:06x}"


def _own(connection: psycopg.Connection[Any], settings: MigrationSettings) -> int:
    """Return the key of the version table that env.py's text names: all processes of a project take this lock first."""
    row = connection.execute("SELECT coalesce(current_schema(), '')").fetchone()
    return key(settings.version_schema or (row[0] if row else ""), settings.version_table)


@contextlib.contextmanager
def held(
    connection: psycopg.Connection[Any], settings: MigrationSettings, say: Say, needless: Callable[[], bool]
) -> Iterator[bool]:
    """Hold the lock within the block; yields False, without the lock, if `needless` became true while waiting.

    Args:
        connection: a connection of its own, which does nothing else while the lock is held.
        settings: the time limits and the version table that the lock is for.
        say: called every few seconds with a line that names the holder.
        needless: called between attempts; returns whether the other process has done the work.

    Raises:
        Unanswered: the server does not answer.
        LockBusyError: another process held it for longer than `lock_wait`.
    """
    number = _own(connection, settings)
    patience = max(settings.wait, _SHORTEST_WAIT)
    if not _await(connection, number, settings, say, lambda: _taken(connection, number, patience), needless):
        yield False
        return
    patience = _ANSWER
    try:
        yield True
    except (SystemExit, KeyboardInterrupt):
        patience = LAST_WORD
        raise
    finally:
        with contextlib.suppress(Unanswered):  # then it ends with the connection
            ask(connection, "ROLLBACK", seconds=patience)


def also(
    connection: psycopg.Connection[Any], settings: MigrationSettings, places: Iterable[VersionTable], say: Say
) -> None:
    """Take the locks of further version tables on the connection that holds the first one.

    They are released together with it.

    Always in the same order, so that no two processes wait for each other.

    Raises:
        Unanswered: the server does not answer.
        LockBusyError: another process held one of them for longer than `lock_wait`.
    """
    for number in sorted({key(each.schema, each.table) for each in places}):
        _await(connection, number, settings, say, functools.partial(_tried, connection, number, _ANSWER), lambda: False)


def _await(
    connection: psycopg.Connection[Any],
    number: int,
    settings: MigrationSettings,
    say: Say,
    taken: Callable[[], bool],
    needless: Callable[[], bool],
) -> bool:
    """Try until the lock is taken, or needless; return whether it is taken."""
    start = time.monotonic()
    told = start
    pause = _SHORTEST
    while not taken():
        if needless():
            return False
        now = time.monotonic()
        if now - start + pause > settings.lock_wait:
            raise LockBusyError(
                f"another migration of this database has not ended after {now - start:.0f} s",
                details=[_holder(connection, number)],
                hint="let it end, or end it: SELECT pg_terminate_backend(PID); "
                "wait longer with [tool.buildkit.migrate] lock-wait",
            )
        if now - told >= _NOTE:
            say(f"waiting for another migration: {_holder(connection, number)}")
            told = now
        time.sleep(pause * random.uniform(0.8, 1.2))  # noqa: S311 - no secret, only out of step
        pause = min(pause * 1.3, _LONGEST)
    return True


def _taken(connection: psycopg.Connection[Any], number: int, seconds: float) -> bool:
    """Try once, with a time limit: a pooler that has lost its server would hold the query for minutes."""
    ask(connection, "BEGIN ISOLATION LEVEL READ COMMITTED", seconds=seconds)
    known = ask(connection, "SELECT name FROM pg_settings WHERE name = ANY(%s)", (list(_NO_LIMIT),), seconds=seconds)
    for (name,) in known:
        ask(connection, f"SET LOCAL {name} = 0", seconds=seconds)
    if _tried(connection, number, seconds):
        return True
    ask(connection, "ROLLBACK", seconds=seconds)
    return False


def _tried(connection: psycopg.Connection[Any], number: int, seconds: float) -> bool:
    return ask(connection, "SELECT pg_try_advisory_xact_lock(%s::bigint)", (number,), seconds=seconds) == [("t",)]


def _holder(connection: psycopg.Connection[Any], number: int) -> str:
    row = connection.execute(_HOLDER, (number,)).fetchone()
    if row is None:
        return "its holder has just ended"
    pid, name, age, query, blocker, blocker_name = row
    words = [f"held by pid {pid} ({name or 'unnamed'})" + ("" if age is None else f" for {age:.0f} s")]
    if query:
        words.append(f"running: {' '.join(query.split())[:100]}")
    if blocker:
        words.append(f"which waits for pid {blocker} ({blocker_name or 'unnamed'})")
    return ", ".join(words)
