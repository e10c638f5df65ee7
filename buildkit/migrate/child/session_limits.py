"""Sets time limits and a name on each session that env.py opens in the child, to protect other sessions."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from buildkit.migrate.settings import MigrationSettings

_POSTGRESQL = "postgresql"
_CLIENT = "client"
"""The source that PostgreSQL gives for a setting that came with the connection."""


class SessionLimits:
    """Sets time limits and application_name on every connection that SQLAlchemy makes, for any engine.

    Args:
        settings: gives the limits.
        name: the sessions' application_name.
        connected: called after each connection to PostgreSQL.
        pooled: whether a pooler stands before the server: limits are then set in each transaction instead, since they
            would stay in a session that others use next.
    """

    def __init__(self, settings: MigrationSettings, name: str, connected: Callable[[], None], *, pooled: bool) -> None:
        self._name = name
        self._report = connected
        self._pooled = pooled
        self._limits = {
            "lock_timeout": int(settings.lock_timeout * 1000),
            "statement_timeout": int(settings.statement_timeout * 1000),
        }
        self._relaxed: dict[str, int] = {}
        self._tried = False

    def install(self) -> None:
        """Install the hooks for the rest of the process."""
        from sqlalchemy import event  # noqa: PLC0415
        from sqlalchemy.engine import Engine  # noqa: PLC0415 - not in `sqlalchemy` itself before 2.0

        event.listen(Engine, "do_connect", self._connecting)
        event.listen(Engine, "connect", self._connected)
        event.listen(Engine, "begin", self._begun)

    def relax(self, connection: Any) -> None:  # noqa: ANN401 - SQLAlchemy's
        """Remove our limits for a statement that blocks nobody; limits that env.py has set stay."""
        if not self._pooled:
            now = {name: int(value) for name, value, _ in _settings(connection.connection, self._limits)}
            self._relaxed = {name: value for name, value in self._limits.items() if value and now.get(name) == value}
            _set(connection, dict.fromkeys(self._relaxed, 0))

    def restrict(self, connection: Any) -> None:  # noqa: ANN401 - SQLAlchemy's
        """Restore the limits that `relax` removed."""
        if not self._pooled:
            _set(connection, self._relaxed)

    def _connecting(self, dialect: Any, _record: object, _arguments: object, options: dict[str, Any]) -> None:  # noqa: ANN401
        """Have asyncpg use only the unnamed statement and cache none: behind a pooler, names are not its own.

        It has no option for that. Between the messages of one statement it sends no Sync, so the pooler keeps it on one
        session of the server. That session may hold another process's statement names, and its own may be in other
        sessions.
        """
        if not self._pooled or dialect.driver != "asyncpg":
            return
        from sqlalchemy import __version__ as version  # noqa: PLC0415

        options.setdefault("statement_cache_size", 0)
        options.setdefault("prepared_statement_cache_size", 0)
        if tuple(int(part) for part in re.findall(r"\d+", version)[:3]) >= (2, 0, 18):  # older ones do not know it
            options.setdefault("prepared_statement_name_func", str)  # str() is "", the statement without a name

    def _connected(self, connection: Any, record: object) -> None:  # noqa: ANN401 - any driver's
        """Limit how long this session may block others, and have the server notice when this process is gone.

        A limit that came with the connection (in the URL, by `connect_args`) is the user's and stays; one that a
        `connect` event of env.py sets comes after ours. Prepared statements belong to a session, so they cannot be used
        behind a pooler.
        """
        if not _speaks_postgresql(record):
            return
        driver = getattr(connection, "driver_connection", connection)
        if self._pooled and hasattr(driver, "prepare_threshold"):
            driver.prepare_threshold = None
        cursor = connection.cursor()
        try:
            cursor.execute(f"SET application_name = '{self._name}'")  # a pooler carries it along
            if not self._pooled:
                given = {name for name, _, source in _settings(connection, self._limits) if source == _CLIENT}
                for name, value in self._limits.items():
                    if name not in given:
                        cursor.execute(f"SET {name} = {value}")
            connection.commit()
            if not self._tried:
                self._tried = True  # PostgreSQL 14 has it, on systems that can
                self._try(connection, cursor, "client_connection_check_interval", 1000)
        finally:
            cursor.close()
        self._report()

    def _try(self, connection: Any, cursor: Any, name: str, value: int) -> None:  # noqa: ANN401 - any driver's
        try:
            cursor.execute(f"SET {'LOCAL ' * self._pooled}{name} = {value}")
        except Exception:  # noqa: BLE001 - each driver has its own
            connection.rollback()
        else:
            connection.commit()
            self._limits[name] = value

    def _begun(self, connection: Any) -> None:  # noqa: ANN401 - SQLAlchemy's
        if not self._pooled or connection.dialect.name != _POSTGRESQL:
            return
        if connection.get_execution_options().get("isolation_level") != "AUTOCOMMIT":
            _set(connection, self._limits, "LOCAL ")


def _speaks_postgresql(record: object) -> bool:
    """Whether a pool's connection is to PostgreSQL: env.py may read a file of SQLite as well. True if unknown."""
    pool = getattr(record, "_ConnectionRecord__pool", None)
    return getattr(getattr(pool, "_dialect", None), "name", _POSTGRESQL) == _POSTGRESQL


def _set(connection: Any, limits: Mapping[str, int], scope: str = "") -> None:  # noqa: ANN401 - SQLAlchemy's
    cursor = connection.connection.cursor()
    try:
        for name, value in limits.items():
            cursor.execute(f"SET {scope}{name} = {value}")
    finally:
        cursor.close()


def _settings(connection: Any, names: Iterable[str]) -> list[tuple[str, str, str]]:  # noqa: ANN401 - any driver's
    """Return for each setting its name, its value in its own unit, and the source of the value."""
    cursor = connection.cursor()
    try:
        listed = ", ".join(f"'{name}'" for name in names)
        cursor.execute(f"SELECT name, setting, source FROM pg_settings WHERE name IN ({listed})")  # noqa: S608 - ours
        return [(row[0], row[1], row[2]) for row in cursor.fetchall()]
    finally:
        cursor.close()
