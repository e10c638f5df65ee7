"""Keeps the child on one database, even if env.py reads another from its own settings or the environment.

A rehearsal's env.py asks for the database that the project's settings name, which is often the real one. Its connection
arguments are compared before anything is sent: a connection to the original database is sent to the copy, and one to
any other database is refused. So a mistake here can only lead to the copy. A connection that is made in another way,
such as by an engine's own `creator`, is compared with the copy by the server's identity before env.py receives it. A
driver that is used without SQLAlchemy can reach only the copy.
"""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Mapping
from typing import Any

from buildkit.migrate.child import raw_drivers
from buildkit.migrate.child.witness import rows
from buildkit.migrate.postgres.visit import SESSION, Session

_LOCAL = frozenset({"127.0.0.1", "::1"})
_WHERE = frozenset(
    {"host", "hostaddr", "port", "user", "password", "dbname", "database", "dsn", "service", "servicefile", "passfile"}
    | {"sslmode", "sslrootcert", "sslcert", "sslkey", "sslpassword", "sslcrl", "sslnegotiation", "ssl", "ssl_context"}
    | {"channel_binding", "require_auth", "gssencmode", "krbsrvname", "target_session_attrs", "direct_tls"}
    | {"load_balance_hosts", "unix_sock"}
)
"""Options that say where to connect, and as whom; the rest, such as `options`, are env.py's choices for the session."""


class OtherDatabase(Exception):  # noqa: N818 - a fact; the supervisor's side words it
    """Env.py asked for a database that it may not connect to now.

    Args:
        named: host, port and database that it asked for.
    """

    def __init__(self, named: str) -> None:
        super().__init__(f"env.py connects to {named}")
        self.named = named


class Fence:
    """The fence for all engines of this process.

    Args:
        orders: `kind`: `copy` sends connections to `source` to the copy and refuses others; `named` refuses a session
            that turns out not to be in `server`; `none` refuses all; `open` refuses nothing. `url` of the copy;
            `source` with `hosts`, each a host and a port, and `database`.
    """

    def __init__(self, orders: Mapping[str, Any]) -> None:
        self._kind: str = orders["kind"]
        self._server: str = orders.get("server", "")
        self._url: str = orders.get("url", "")
        self._source: Mapping[str, Any] | None = orders.get("source")
        self._named = ""
        self.refused: OtherDatabase | None = None

    def install(self) -> None:
        """Install the hooks, before all others."""
        from sqlalchemy import event  # noqa: PLC0415
        from sqlalchemy.engine import Engine  # noqa: PLC0415 - in the child alone

        if self._kind != "open":
            event.listen(Engine, "do_connect", self._connecting)
        if self._kind in {"copy", "named"}:
            event.listen(Engine, "connect", self._connected)
        if self._kind in {"copy", "none"}:
            raw_drivers.install(self._require_copy)

    def _connecting(self, dialect: Any, _record: object, arguments: Any, options: dict[str, Any]) -> Any:  # noqa: ANN401 - SQLAlchemy's
        if dialect.name != "postgresql":
            return None
        hosts, database = _asked(arguments, options)
        named = f"{','.join(f'{host}:{port}' for host, port in hosts)}/{database}"
        if self._kind == "named":
            self._named = named
            return None
        if self._kind == "none":
            raise self._refuse(named)
        from sqlalchemy.engine import make_url  # noqa: PLC0415

        url = make_url(self._url).set(drivername=f"postgresql+{dialect.driver}")
        place, given = dialect.create_connect_args(url)
        wanted = self._source is not None and _same(hosts, database, self._source["hosts"], self._source["database"])
        if not wanted and not _same(hosts, database, *_asked(place, given)):
            raise self._refuse(named)
        kept = {name: value for name, value in options.items() if name not in _WHERE}
        return dialect.connect(*place, **{**kept, **given})

    def _require_copy(self, asked: Mapping[str, Any]) -> None:
        """Raise if a driver is asked for another database than the copy; SQLAlchemy's connections go there already."""
        hosts, database = _asked((), asked)
        named = f"{','.join(f'{host}:{port}' for host, port in hosts)}/{database}"
        if asked.get("service"):
            named = f"service {asked['service']}"
        elif self._kind == "copy":
            from sqlalchemy.engine import make_url  # noqa: PLC0415

            copy = make_url(self._url)
            if all(
                _same([each], database, [(copy.host or "", copy.port or 5432)], copy.database or "") for each in hosts
            ):
                return
        raise self._refuse(named)

    def _connected(self, connection: Any, _record: object) -> None:  # noqa: ANN401 - any driver's
        try:
            found = rows(connection, SESSION)
        except Exception:  # noqa: BLE001 - not PostgreSQL, so not what is looked after here
            with contextlib.suppress(Exception):
                connection.rollback()
            return
        connection.rollback()
        named, self._named = self._named, ""
        session = Session.of(found[0])
        if session.server != self._server:
            with contextlib.suppress(Exception):  # each driver has its own
                connection.close()
            raise self._refuse(named or f"the database {session.database} by a way of its own")

    def _refuse(self, named: str) -> OtherDatabase:
        self.refused = OtherDatabase(named)
        return self.refused


def _asked(arguments: Any, options: Mapping[str, Any]) -> tuple[list[tuple[str, str]], str]:  # noqa: ANN401 - a driver's
    """Return the hosts with ports, and the database, that a driver is asked for, with libpq's defaults."""
    given = dict(options)
    for words in (*arguments, given.get("dsn") or ""):
        if isinstance(words, str) and "=" in words:  # a connection string in libpq's form
            given = {**_parsed(words), **given}
    host = given.get("host") or given.get("hostaddr") or os.environ.get("PGHOST") or ""
    hosts = list(host) if isinstance(host, (list, tuple)) else str(host).split(",")
    port = given.get("port") or os.environ.get("PGPORT") or "5432"
    ports = [str(each) for each in port] if isinstance(port, (list, tuple)) else str(port).split(",")
    ports = ports if len(ports) == len(hosts) else ports[:1] * len(hosts)
    user = given.get("user") or os.environ.get("PGUSER") or ""
    database = given.get("dbname") or given.get("database") or os.environ.get("PGDATABASE") or user
    return [(each, number or "5432") for each, number in zip(hosts, ports, strict=True)], str(database)


def _parsed(words: str) -> dict[str, str]:
    pairs = (part.partition("=") for part in words.split())
    return {name: value.strip("'") for name, _, value in pairs}


def _same(hosts: Any, database: str, others: Any, other: str) -> bool:  # noqa: ANN401 - pairs of host and port
    """Return whether two requests may mean one database.

    "May" is enough, since the connection is then sent to the copy.
    """
    return database == other and any(
        port == str(number) and (host == name or bool(_addresses(host) & _addresses(name)))
        for host, port in hosts
        for name, number in others
    )


def _addresses(host: str) -> frozenset[str]:
    if not host or host.startswith("/"):  # the socket of this machine
        return _LOCAL
    try:
        found = frozenset(str(each[4][0]) for each in socket.getaddrinfo(host, None))
    except OSError:
        return frozenset({host})
    return _LOCAL if found & _LOCAL or found & _own() else found


def _own() -> frozenset[str]:
    try:
        return frozenset(str(each[4][0]) for each in socket.getaddrinfo(socket.gethostname(), None))
    except OSError:
        return frozenset()
