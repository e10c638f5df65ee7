"""The database: its address without the password, and a connection that waits for a server that is starting."""

from __future__ import annotations

import os
import re
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import parse_qsl, unquote

from buildkit.errors import DatabaseError
from buildkit.migrate import libpq
from buildkit.migrate.asking import Unanswered, ask

if TYPE_CHECKING:
    import psycopg

Say = Callable[[str], None]

_URL = re.compile(
    r"(?P<scheme>[^:/]+)://"
    r"(?:(?P<user>[^:/]*)(?::(?P<password>.*))?@)?"
    r"(?P<places>[^/?]*)"
    r"(?:/(?P<database>[^?]*))?"
    r"(?:\?(?P<query>.*))?",
    re.DOTALL,
)
_DRIVERS = ("", "psycopg", "psycopg_async", "psycopg2", "asyncpg")
_LIBPQ = frozenset(
    {"host", "hostaddr", "port", "user", "password", "dbname", "passfile", "service", "options", "connect_timeout"}
    | {"sslmode", "sslrootcert", "sslcert", "sslkey", "sslcrl", "sslnegotiation", "channel_binding", "require_auth"}
    | {"gssencmode", "krbsrvname", "target_session_attrs"}
)
_NAMES = {"ssl": "sslmode", "database": "dbname"}  # what asyncpg calls them
_ATTEMPT = 5
"""Seconds for one attempt to connect, unless the URL says otherwise."""

_HIDDEN = "***"
_LONG_ENOUGH = 4
_WAITING_NOTE = 5.0


@dataclass(frozen=True, slots=True)
class Address:
    """Where the database is; `str()` gives it without the password.

    Args:
        driver: the SQLAlchemy driver that the URL names; empty where it names none.
        rest: the URL after `://`.
        arguments: what libpq is told.
        password: never shown.
        variable: the variable that it came from, for hints.
    """

    driver: str
    rest: str = field(repr=False)
    arguments: dict[str, str] = field(repr=False)
    password: str = field(repr=False)
    variable: str

    @classmethod
    def parse(cls, url: str, variable: str = "DATABASE_URL") -> Address:
        """Return the address that `url` writes.

        Raises:
            DatabaseError: it is not the URL of a PostgreSQL database.
        """
        if not url:
            raise DatabaseError(
                f"{variable} is not set, so there is no database to migrate",
                hint=f"{variable}=postgresql://user:password@host:5432/database",
            )
        match = _URL.fullmatch(url)
        if match is None:
            raise DatabaseError(
                f"{variable} is not a URL",
                hint="write it as postgresql://user:password@host:5432/database; in a password, %40 stands for @, "
                "%2F for /, %3F for ? and %25 for %",
            )
        dialect, _, driver = match["scheme"].partition("+")
        if dialect not in {"postgres", "postgresql"} or driver not in _DRIVERS:
            raise DatabaseError(
                f"{variable} names the dialect {match['scheme']!r}: only PostgreSQL is supported",
                hint=f"its URL begins with postgresql://, or with one of {', '.join(_DRIVERS[1:])} as in "
                "postgresql+psycopg://",
            )
        arguments = _arguments(match)
        return cls(driver, url.partition("://")[2], arguments, arguments.get("password", ""), variable)

    def __str__(self) -> str:
        return f"{self.place}/{self.arguments.get('dbname', '')}"

    @property
    def place(self) -> str:
        """Host and port."""
        hosts = self.arguments.get("host", "localhost").split(",")
        ports = self.arguments.get("port", "5432").split(",")
        ports = ports if len(ports) == len(hosts) else ports[:1] * len(hosts)
        return ",".join(f"{host}:{port}" for host, port in zip(hosts, ports, strict=True))

    @property
    def database(self) -> str:
        """The database's name."""
        return self.arguments.get("dbname", "")

    @property
    def sqlalchemy(self) -> str:
        """The URL as SQLAlchemy takes it: the driver named by the user, else psycopg 3."""
        return f"postgresql+{self.driver or 'psycopg'}://{self.rest}"

    def redact(self, text: str) -> str:
        """Return `text` without the password, whoever wrote it."""
        if not self.password:
            return text
        written = re.search(r":([^@]*)@", self.rest)
        for secret in {self.password, unquote(self.password), written[1] if written else ""}:
            if len(secret) >= _LONG_ENOUGH:
                text = text.replace(secret, _HIDDEN)
            elif secret:
                text = text.replace(f":{secret}@", f":{_HIDDEN}@")
        return text


_TOKEN = secrets.token_hex(2)


def session_name(role: str) -> str:
    """Return the name under which a session of this process appears in pg_stat_activity: at most 63 bytes.

    Host and process do not tell two containers apart that share a host's name, each with its process 1; so a random
    part comes after them.

    Args:
        role: `lock` for the session that looks and holds the lock, `migrate SCOPE` for those of Alembic.
    """
    host = re.sub(r"[^\w.-]", "", os.uname().nodename, flags=re.ASCII)[:24]
    return f"buildkit {role} {host}:{os.getpid()}-{_TOKEN}"


def pooled(connection: psycopg.Connection[Any]) -> bool:
    """Whether a pooler stands between us and the server: it hands out process numbers of its own making.

    What one sets for a session may then end up in a session of somebody else, so nothing must be set beyond the
    transaction.
    """
    row = connection.execute("SELECT pg_backend_pid()").fetchone()
    return row is not None and row[0] != connection.info.backend_pid


def connect(address: Address, *, wait: float, say: Say) -> psycopg.Connection[Any]:
    """Return a connection that commits each statement, as soon as the server takes it and answers.

    A pooler takes clients while there is no server behind it, so that to be let in says nothing.

    Args:
        address: where to.
        wait: seconds to wait for a server that is starting or does not answer yet.
        say: told when and for what one waits.

    Raises:
        DatabaseError: it refuses, or does not answer in that time. The password is in no part of the error.
    """
    import psycopg  # noqa: PLC0415 - only this room may, and only when it is needed

    start = time.monotonic()
    pause, told = 0.1, start - _WAITING_NOTE
    arguments: dict[str, Any] = {
        "connect_timeout": _ATTEMPT,
        "application_name": session_name("lock"),
        **address.arguments,
    }
    while True:
        try:
            # A statement with its values written in leaves nothing open in the session. Values sent beside it leave a
            # portal, whose snapshot would make CREATE INDEX CONCURRENTLY wait for the holder of the lock, for ever.
            connection = psycopg.connect(**arguments, autocommit=True, cursor_factory=psycopg.ClientCursor)
        except psycopg.Error as error:
            words = address.redact(str(error).strip())
        else:
            try:
                ask(connection, "SELECT 1", seconds=_ATTEMPT)
            except Unanswered as unanswered:
                connection.close()
                words = address.redact(unanswered.words.strip())
            except BaseException:
                connection.close()
                raise
            else:
                return connection
        fault = _fault(words)
        if fault is _OTHER:
            fault = _fault(_sqlstate(arguments))
        now = time.monotonic()
        if not fault.waits or now - start + pause > wait:
            raise _refusal(address, fault, words, waited=now - start)
        if now - told >= _WAITING_NOTE:
            say(f"waiting for the database at {address.place}: {fault.note} ({now - start:.0f} of {wait:.0f} s)")
            told = now
        time.sleep(pause)
        pause = min(pause * 1.5, 1.0)


def _sqlstate(arguments: Mapping[str, Any]) -> str:
    library = libpq.load()
    return "" if library is None else libpq.refusal(library, {name: str(each) for name, each in arguments.items()})


class _Fault(NamedTuple):
    pattern: str
    waits: bool
    note: str
    message: str
    hint: str


# libpq's own words, which are English, and the server's where they are: psycopg's error carries no SQLSTATE here. Where
# no words match, the SQLSTATE is asked for, and is looked for here too. The first that matches counts.
_FAULTS = (
    _Fault(
        "starting up|not yet accepting|in recovery mode|shutting down|57P03",
        waits=True,
        note="it is starting up",
        message="the server at {place} is still starting up",
        hint="look at the server's log, or wait longer: [tool.buildkit.migrate] wait",
    ),
    _Fault(
        "too many clients|connection slots are reserved|too many connections|no more connections allowed|53300",
        waits=True,
        note="it has no connection free",
        message="the server at {place} has no connection free",
        hint="end idle clients, or raise max_connections",
    ),
    _Fault(
        # PgBouncer's, which speaks English alone. What the server told it, if it hands that on, is another row's.
        r"server login has been failing, try again later|server conn crashed|server_login_retry\)$|query_wait_timeout",
        waits=True,
        note="the pooler does not reach its server",
        message="the pooler at {place} does not reach its server",
        hint="start the server, or correct the database {database!r} in {variable}: the pooler does not tell them apart; "
        "its log does",
    ),
    _Fault(
        "password authentication failed|no password supplied|SASL authentication|28P01",
        waits=False,
        note="",
        message="the server at {place} refused the password of role {user!r}",
        hint="correct the password in {variable} (percent-encoded: %40 for @, %2F for /)",
    ),
    _Fault(
        'database ".*" does not exist|no such database|3D000',
        waits=False,
        note="",
        message="the server at {place} has no database {database!r}",
        hint="correct the name in {variable}, or make it: createdb {database}",
    ),
    _Fault(
        r"pg_hba\.conf",  # the name of a file, the same in every language
        waits=False,
        note="",
        message="the server at {place} lets nobody in from here as {user!r} to {database!r} in this way",
        hint="allow it in the server's pg_hba.conf; if that asks for TLS, set sslmode in {variable} (?sslmode=require)",
    ),
    _Fault(
        'role ".*" does not exist|no such user|not permitted to log in|Peer authentication|Ident authentication|28000',
        waits=False,
        note="",
        message="the server at {place} does not take role {user!r}",
        hint="correct the role in {variable}, or make it: createuser {user}",
    ),
    _Fault(
        "permission denied for database|42501",
        waits=False,
        note="",
        message="role {user!r} may not connect to database {database!r} at {place}",
        hint="GRANT CONNECT ON DATABASE {database} TO {user}",
    ),
    _Fault(
        "SSL|certificate|TLS",
        waits=False,
        note="",
        message="the server at {place} and this client do not agree on TLS",
        hint="set sslmode in {variable}: ?sslmode=require, disable or verify-full",
    ),
    _Fault(
        "could not translate host name|name or service not known|failed to resolve|nodename nor servname|"
        "no address associated|name resolution",
        waits=True,
        note="its host name is not known",
        message="the host name of {place} is not known",
        hint="correct the host in {variable}",
    ),
    _Fault(
        'invalid (integer value|port)|invalid value .* for connection option "port"',
        waits=False,
        note="",
        message="{place} is no place to connect to",
        hint="correct the port in {variable}",
    ),
    _Fault(
        "refused|timeout|timed out|No such file|unreachable|closed the connection|reset by peer|No route",
        waits=True,
        note="no server answers",
        message="no server answers at {place}",
        hint="start it, or correct host and port in {variable}",
    ),
)
_OTHER = _Fault("", waits=False, note="", message="the server at {place} refused", hint="see its words above")


def _fault(words: str) -> _Fault:
    return next((fault for fault in _FAULTS if re.search(fault.pattern, words, re.IGNORECASE)), _OTHER)


def _refusal(address: Address, fault: _Fault, words: str, waited: float) -> DatabaseError:
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


def _arguments(match: re.Match[str]) -> dict[str, str]:
    """Return what libpq is told; options that only another driver knows are that driver's business."""
    hosts, ports = [], []
    for place in filter(None, match["places"].split(",")):
        split = re.fullmatch(r"(\[[^\]]*\]|[^:]*)(?::(.*))?", place)
        hosts.append(unquote(split[1].strip("[]")) if split else place)
        ports.append((split[2] if split else "") or "5432")
    found = {
        "host": ",".join(hosts),
        "port": ",".join(ports),
        "user": unquote(match["user"] or ""),
        "password": unquote(match["password"] or ""),
        "dbname": unquote(match["database"] or ""),
    }
    for name, value in parse_qsl(match["query"] or ""):
        known = _NAMES.get(name, name)
        if known in _LIBPQ:
            found[known] = {"true": "require", "false": "disable"}.get(value.lower(), value)
    return {name: value for name, value in found.items() if value}
