"""What the server says about a session: two sessions are compared by that, never by their connection arguments.

Names lie: `localhost` and a socket are one server, two poolers lead to one database, and an env.py has settings of its
own. A server's start time, its port and a database's number are the same in every session, through a pooler too, and
every role may read them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from buildkit.migrate.settings import MigrationSettings

SESSION = """
SELECT (extract(epoch FROM pg_postmaster_start_time()) * 1000000)::bigint::text || ':' || current_setting('port')
       || ':' || (SELECT oid FROM pg_database WHERE datname = current_database())::text,
       current_database()::text, current_user::text, current_setting('search_path'),
       coalesce(current_schema(), '')::text, current_setting('transaction_read_only'), pg_is_in_recovery()::text
"""
"""A query whose one row describes a `Session`; it has no parameter, so that every driver takes it."""


@dataclass(frozen=True, slots=True)
class Session:
    """A session as the server describes it.

    Args:
        server: names server and database; equal for two sessions if, and only if, they are in the same database.
        database: the name of the database.
        role: the role whose rights the session has; after SET ROLE not the login role.
        search_path: its search path.
        schema: the schema in which a table without one would be made; empty if there is none.
        read_only: whether its transaction may write nothing.
        standby: whether the server is a standby, which takes no writes.
    """

    server: str
    database: str
    role: str
    search_path: str
    schema: str
    read_only: bool
    standby: bool

    @classmethod
    def of(cls, row: Sequence[Any]) -> Session:
        """Return the session that a row of `SESSION` describes."""
        texts = [str(value) for value in row]
        server, database, role, search_path, schema, read_only, standby = texts
        return cls(server, database, role, search_path, schema, read_only == "on", standby == "true")


@dataclass(frozen=True, slots=True)
class VersionTable:
    """One version table, in a session that reaches it.

    Args:
        table: its name.
        schema: its schema; empty for the first of the search path.
        role: the role that can read it; empty for the login role.
    """

    table: str
    schema: str = ""
    role: str = ""

    @classmethod
    def guess(cls, settings: MigrationSettings) -> VersionTable:
        """Return the version table that env.py's text names."""
        return cls(settings.version_table, settings.version_schema)

    def __str__(self) -> str:
        return ".".join(filter(None, (self.schema, self.table)))


@dataclass(frozen=True, slots=True)
class Visit:
    """The database and version table that env.py has Alembic work on, as the child sees them before anything is done.

    Args:
        session: the session of the connection that env.py gave to Alembic; None for a database other than PostgreSQL.
        place: the version table.
        at: the revisions in it; None if there is no such table.
        width: how many characters an id may have there; 0 for any number.
        asked_for: host, port and database as env.py asked for them, without user and password.
        begun: file and line that began a transaction around all revisions; empty where each has its own.
        one_transaction: whether all revisions are in one transaction.
    """

    session: Session | None
    place: VersionTable
    at: frozenset[str] | None
    width: int
    asked_for: str
    begun: str = ""
    one_transaction: bool = False

    @classmethod
    def of(cls, facts: Mapping[str, Any]) -> Visit:
        """Return the visit that `as_json` wrote."""
        session = None if facts["session"] is None else Session(**facts["session"])
        at = None if facts["at"] is None else frozenset(facts["at"])
        return cls(**{**facts, "session": session, "place": VersionTable(**facts["place"]), "at": at})

    def as_json(self) -> dict[str, Any]:
        """Return the visit as JSON types."""
        return {
            "session": None if self.session is None else _plain(self.session),
            "place": _plain(self.place),
            "at": None if self.at is None else sorted(self.at),
            "width": self.width,
            "asked_for": self.asked_for,
            "begun": self.begun,
            "one_transaction": self.one_transaction,
        }


def _plain(thing: Session | VersionTable) -> dict[str, Any]:
    return {field.name: getattr(thing, field.name) for field in fields(thing)}
