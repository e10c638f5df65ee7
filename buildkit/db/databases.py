"""The statements about whole databases. The connection comes from the caller: this room knows no driver."""

from __future__ import annotations

import re
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

from buildkit.db.records import is_name
from buildkit.doors import process
from buildkit.errors import BuildkitError, DatabaseError

PATIENCE = 1.0
"""Seconds that a session may go on with what it is at before a copy is made of its database."""

_DEADLINE = 15.0
_IN_USE = "55006"  # object_in_use
_FORCE, _STRATEGY = 130000, 150000  # the versions of PostgreSQL that know these words
_PERSONS = re.compile(
    r"psql|pg_|pgcli|pgadmin|dbeaver|datagrip|jdbc|tableplus|postico|beekeeper|navicat|buildkit", re.IGNORECASE
)
"""The names of sessions that belong to a person, or to another command: what they are at is not cut off."""

_SESSIONS = """
SELECT pid, application_name, state, coalesce(extract(epoch FROM now() - xact_start)::int, 0)
FROM pg_stat_activity
WHERE datname = %s AND backend_type = 'client backend' AND pid <> pg_backend_pid()
"""

_OF_COMMANDS = """
SELECT application_name FROM pg_stat_activity
WHERE datname = current_database() AND application_name LIKE 'buildkit %' AND pid <> pg_backend_pid()
"""
_PROCESS = re.compile(r":(\d+)-[0-9a-f]+$")
"""The process in the name of a session of the suite."""

_ANYTHING = """
SELECT EXISTS (
    SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.oid >= 16384 AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
) OR EXISTS (SELECT FROM pg_namespace WHERE oid >= 16384 AND nspname !~ '^pg_')
"""
"""Whether there is an object, or a schema, that was not there from the beginning (FirstNormalObjectId)."""


class Connection(Protocol):
    """A connection in autocommit mode, as psycopg has it."""

    @property
    def info(self) -> Any:  # noqa: ANN401
        """What is known of the server."""

    def execute(self, query: Any, params: Sequence[Any] | None = None) -> Any:  # noqa: ANN401 - psycopg's
        """Run a statement and return its cursor."""


class Databases:
    """All databases of a development server.

    Args:
        connection: a connection to a database that is never copied or dropped.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def names(self) -> frozenset[str]:
        """Return the names of all databases."""
        return frozenset(name for (name,) in self._connection.execute("SELECT datname FROM pg_database").fetchall())

    def in_use(self) -> frozenset[str]:
        """Return the names of those that a session is connected to."""
        found = self._connection.execute("SELECT DISTINCT datname FROM pg_stat_activity WHERE datname IS NOT NULL")
        return frozenset(name for (name,) in found.fetchall())

    def sizes(self) -> dict[str, int]:
        """Return the size of each in bytes."""
        found = self._connection.execute("SELECT datname, pg_database_size(oid) FROM pg_database")
        return {str(name): int(size) for name, size in found.fetchall()}

    def await_killed(self) -> None:
        """Wait until no session is left of a command that was killed.

        The server does not see at once that a client is gone: a database that it had asked for is made all the same.
        """
        deadline = time.monotonic() + _DEADLINE
        while time.monotonic() < deadline:
            found = self._connection.execute(_OF_COMMANDS).fetchall()
            processes = {int(match[1]) for (name,) in found if (match := _PROCESS.search(name))}
            if all(process.is_running(pid) for pid in processes):
                return
            time.sleep(0.02)

    def create(self, name: str) -> None:
        """Make an empty database."""
        self._connection.execute(f"CREATE DATABASE {_quoted(name)} TEMPLATE template0")

    def clone(self, source: str, name: str) -> int:
        """Make a database as a copy of another one; return how many sessions of that one were ended for it.

        PostgreSQL copies no database that a session is connected to. An idle session loses nothing, and its client
        connects again. One that is at work gets a second; then it is ended too, unless it is a person's.

        Raises:
            DatabaseError: a person's session has a transaction open.
        """
        # Copying the files is twice as fast for a small database as writing them to the log, and no slower for a large.
        how = " STRATEGY file_copy" if self._connection.info.server_version >= _STRATEGY else ""
        ended, deadline = 0, time.monotonic() + _DEADLINE
        while True:
            ended += self._free(source)
            try:
                self._connection.execute(f"CREATE DATABASE {_quoted(name)} TEMPLATE {_quoted(source)}{how}")
            except Exception as error:
                if getattr(error, "sqlstate", "") != _IN_USE or time.monotonic() > deadline:
                    raise
            else:
                return ended

    def drop(self, name: str) -> None:
        """Remove a database, whoever is connected."""
        force = self._connection.info.server_version >= _FORCE
        if not force:
            self._end(row[0] for row in self._sessions(name))
        self._connection.execute(f"DROP DATABASE IF EXISTS {_quoted(name)}{' WITH (FORCE)' if force else ''}")

    def rename(self, name: str, to: str) -> None:
        """Give another name to a database; its sessions are ended."""
        self._end(row[0] for row in self._sessions(name))
        self._connection.execute(f"ALTER DATABASE {_quoted(name)} RENAME TO {_quoted(to)}")

    def _free(self, name: str) -> int:
        """End the sessions of a database; return how many there were."""
        ended: set[int] = set()
        begun = time.monotonic()
        while rows := self._sessions(name):
            late = time.monotonic() - begun > PATIENCE
            busy = [row for row in rows if row[2] != "idle"]
            persons = [row for row in busy if _PERSONS.search(row[1])]
            if late and persons:
                pid, client, _, seconds = persons[0]
                raise DatabaseError(
                    f"no copy can be made of database {name}: {client} (session {pid}) has been in a transaction for "
                    f"{seconds} s",
                    hint="commit or roll back there, then save or run again",
                )
            over = [row[0] for row in rows if row not in persons and (late or row not in busy)]
            ended.update(over)
            self._end(over)
            time.sleep(0.005)
        return len(ended)

    def _sessions(self, name: str) -> list[tuple[int, str, str, int]]:
        return list(self._connection.execute(_SESSIONS, (name,)).fetchall())

    def _end(self, pids: Collection[int] | Iterator[int]) -> None:
        for pid in pids:
            self._connection.execute("SELECT pg_terminate_backend(%s)", (pid,))


def is_empty(connection: Connection) -> bool:
    """Return whether the database of a connection has nothing but what every new one has."""
    row = connection.execute(_ANYTHING).fetchone()
    return row is not None and not row[0]


@contextmanager
def worded(place: str) -> Iterator[None]:
    """Turn an error of the driver's in the block into a `DatabaseError` about the server at `place`."""
    try:
        yield
    except Exception as error:
        if isinstance(error, BuildkitError) or not hasattr(error, "sqlstate"):
            raise
        raise DatabaseError(
            f"the database server at {place}: {str(error).strip().splitlines()[0] if str(error) else 'no answer'}",
            hint="run again; where it is the project's own, `invoke db.reset --all` begins anew",
        ) from None


def _quoted(name: str) -> str:
    """Return a database's name for a statement; the records hold no name that would need more."""
    assert is_name(name), name  # noqa: S101
    return f'"{name}"'
