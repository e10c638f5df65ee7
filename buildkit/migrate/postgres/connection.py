"""The database's address, shown without the password, and a connection that waits for a starting server."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from buildkit.errors import DatabaseError
from buildkit.migrate.postgres import libpq, url
from buildkit.migrate.postgres.redaction import redact
from buildkit.migrate.postgres.timed_query import Unanswered, ask

if TYPE_CHECKING:
    import psycopg

    from buildkit.migrate.postgres.refusals import Fault

Say = Callable[[str], None]

_DRIVERS = ("", "psycopg", "psycopg_async", "psycopg2", "psycopg2cffi", "asyncpg")
_ATTEMPT = 5
"""Seconds for one attempt to connect, unless the URL says otherwise."""

_WAITING_NOTE = 5.0


@dataclass(frozen=True, slots=True)
class Address:
    """The address of a database; `str()` gives it without the password.

    Args:
        driver: the SQLAlchemy driver that the URL names; empty where it names none.
        rest: the URL after `://`.
        arguments: the connection parameters for libpq.
        secrets: its passwords, raw and as the URL writes them; never shown.
        variable: the environment variable that it came from, for hints.
    """

    driver: str
    rest: str = field(repr=False)
    arguments: dict[str, str] = field(repr=False)
    secrets: frozenset[str] = field(repr=False)
    variable: str

    @classmethod
    def parse(cls, text: str, variable: str = "DATABASE_URL") -> Address:
        """Return the address for a URL.

        Raises:
            DatabaseError: it is not the URL of a PostgreSQL database.
        """
        if not text:
            raise DatabaseError(
                f"{variable} is not set, so there is no database to migrate",
                hint=f"{variable}=postgresql://user:password@host:5432/database",
            )
        found = url.parse(text)
        if found is None:
            raise DatabaseError(
                f"{variable} is not a URL",
                hint="write it as postgresql://user:password@host:5432/database; in a password, %40 stands for @, "
                "%2F for /, %3F for ? and %25 for %",
            )
        dialect, _, driver = found.scheme.partition("+")
        if dialect not in {"postgres", "postgresql"}:
            raise DatabaseError(
                f"{variable} names the dialect {found.scheme!r}: only PostgreSQL is supported",
                hint="its URL begins with postgresql://",
            )
        if driver not in _DRIVERS:
            raise DatabaseError(
                f"{variable} names the driver {driver!r}, which the migration step does not know",
                hint=f"migrate with one of {', '.join(_DRIVERS[1:])}, as in postgresql+psycopg://; the service may use "
                "another",
            )
        return cls(driver, found.rest, found.arguments, found.secrets, variable)

    def __str__(self) -> str:
        return f"{self.place}/{self.arguments.get('dbname', '')}"

    @property
    def place(self) -> str:
        """Host and port, or the libpq service that names them."""
        if "service" in self.arguments and "host" not in self.arguments:
            return f"service {self.arguments['service']}"
        hosts = (self.arguments.get("host") or os.environ.get("PGHOST") or "localhost").split(",")
        ports = (self.arguments.get("port") or os.environ.get("PGPORT") or "5432").split(",")
        ports = ports if len(ports) == len(hosts) else ports[:1] * len(hosts)
        return ",".join(f"{host}:{port or 5432}" for host, port in zip(hosts, ports, strict=True))

    @property
    def database(self) -> str:
        """The database's name."""
        return self.arguments.get("dbname", "")

    @property
    def sqlalchemy(self) -> str:
        """The URL in SQLAlchemy's form; without a driver, SQLAlchemy uses its default."""
        return f"postgresql{self.driver and '+'}{self.driver}://{self.rest}"

    def redact(self, text: str) -> str:
        """Return `text` without the passwords, however they are written."""
        return redact(text, self.secrets)


_TOKEN = secrets.token_hex(2)


def session_name(role: str) -> str:
    """Return the name under which a session of this process appears in pg_stat_activity: at most 63 bytes.

    Two containers may have the same host name and each a process 1, so a random part is appended.

    Args:
        role: `lock` for the session that holds the lock, `migrate TAG` for those of Alembic, `watch` for the one
            in which those are queried.
    """
    host = re.sub(r"[^\w.-]", "", os.uname().nodename, flags=re.ASCII)[:24]
    return f"buildkit {role} {host}:{os.getpid()}-{_TOKEN}"


def pooled(connection: psycopg.Connection[Any]) -> bool:
    """Whether a pooler stands between us and the server: it reports process numbers of its own.

    Settings of a session may then reach another client's session, so nothing must be set beyond the transaction.
    """
    row = connection.execute("SELECT pg_backend_pid()").fetchone()
    return row is not None and row[0] != connection.info.backend_pid


def connect(address: Address, *, wait: float, say: Say) -> psycopg.Connection[Any]:
    """Return a connection in autocommit mode, once the server accepts it and answers a query.

    A pooler accepts clients without a server behind it, so an accepted connection proves nothing.

    Args:
        address: the database.
        wait: seconds to wait for a server that is starting or does not answer yet.
        say: called with a line when the connection has to wait, and for what.

    Raises:
        DatabaseError: the server refuses, or does not answer in that time. The password is in no part of the error.
    """
    import psycopg  # noqa: PLC0415 - only this room may, and only when it is needed

    from buildkit.migrate.postgres import refusals  # noqa: PLC0415 - likewise

    start = time.monotonic()
    pause, told = 0.1, start - _WAITING_NOTE
    arguments: dict[str, Any] = {
        "connect_timeout": _ATTEMPT,
        "application_name": session_name("lock"),
        **address.arguments,
    }
    while True:
        sqlstate = ""
        try:
            # A statement with its values written in leaves nothing open in the session. Values sent beside it leave a
            # portal, whose snapshot would make CREATE INDEX CONCURRENTLY wait for the holder of the lock, for ever.
            with _in_english():
                connection = psycopg.connect(**arguments, autocommit=True, cursor_factory=psycopg.ClientCursor)
        except psycopg.Error as error:
            words, sqlstate = address.redact(str(error).strip()), _sqlstate(arguments)
        else:
            try:
                ask(connection, "SELECT 1", seconds=_ATTEMPT)
            except Unanswered as unanswered:
                connection.close()
                words, sqlstate = address.redact(unanswered.words.strip()), unanswered.sqlstate
            except BaseException:
                connection.close()
                raise
            else:
                return connection
        fault = refusals.fault(words, sqlstate)
        now = time.monotonic()
        if not fault.waits or now - start + pause > wait:
            raise _refusal(address, fault, words, waited=now - start)
        if now - told >= _WAITING_NOTE:
            say(f"waiting for the database at {address.place}: {fault.note} ({now - start:.0f} of {wait:.0f} s)")
            told = now
        time.sleep(pause)
        pause = min(pause * 1.5, 1.0)


def _sqlstate(arguments: Mapping[str, Any]) -> str:
    """Connect once more for the SQLSTATE, which psycopg's error lacks if the connection failed."""
    library = libpq.load()
    return (
        ""
        if library is None
        else libpq.refusal_sqlstate(library, {name: str(each) for name, each in arguments.items()})
    )


@contextlib.contextmanager
def _in_english() -> Iterator[None]:
    """Have libpq and the C library write their messages in English, which `refusals` recognizes.

    They translate if the process has set a locale, as a tasks.py may. The server's own messages are not affected.
    """
    import locale  # noqa: PLC0415 - as psycopg, not where libpq alone sees that all is at head

    language = locale.setlocale(locale.LC_MESSAGES)
    locale.setlocale(locale.LC_MESSAGES, "C")
    try:
        yield
    finally:
        locale.setlocale(locale.LC_MESSAGES, language)


def _refusal(address: Address, fault: Fault, words: str, waited: float) -> DatabaseError:
    facts = {
        "place": address.place,
        "user": address.arguments.get("user", ""),
        "database": address.database,
        "variable": address.variable,
    }
    after = f" after {waited:.0f} s" if fault.waits else ""
    return DatabaseError(
        fault.message.format(**facts) + after, details=words.splitlines(), hint=fault.hint.format(**facts)
    )
