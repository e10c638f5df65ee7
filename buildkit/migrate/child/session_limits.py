"""The sessions that env.py opens in the child: what each is told before env.py has it, for the sake of others."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from buildkit.migrate.settings import MigrationSettings

_POSTGRESQL = "postgresql"
_CLIENT = "client"
"""Where PostgreSQL says that a setting is from which came with the connection."""


class SessionLimits:
    """Limits of time and a name for every connection that SQLAlchemy makes, whichever engine makes it.

    Args:
        settings: the limits.
        name: the sessions' application_name.
        pooled: whether a pooler stands before the server: limits are then set with each transaction instead, or they
            would stay with a session that others use next.
    """

    def __init__(self, settings: MigrationSettings, name: str, *, pooled: bool) -> None:
        self._name = name
        self._pooled = pooled
        self._limits = {
            "lock_timeout": int(settings.lock_timeout * 1000),
            "statement_timeout": int(settings.statement_timeout * 1000),
        }
        self._relaxed: dict[str, int] = {}
        self._tried = False

    def listen(self) -> None:
        """Put the hooks in place; they live as long as the process."""
        from sqlalchemy import event  # noqa: PLC0415
        from sqlalchemy.engine import Engine  # noqa: PLC0415 - not in `sqlalchemy` itself before 2.0

        event.listen(Engine, "do_connect", self._connecting)
        event.listen(Engine, "connect", self._connected)
        event.listen(Engine, "begin", self._begun)

    def relax(self, connection: Any) -> None:  # noqa: ANN401 - SQLAlchemy's
        """Take our limits away for a statement that keeps nobody waiting; those that env.py has set meanwhile stay."""
        if not self._pooled:
            now = {name: int(value) for name, value, _ in _settings(connection.connection, self._limits)}
            self._relaxed = {name: value for name, value in self._limits.items() if value and now.get(name) == value}
            _set(connection, dict.fromkeys(self._relaxed, 0))

    def restrict(self, connection: Any) -> None:  # noqa: ANN401 - SQLAlchemy's
        """Put the limits back."""
        if not self._pooled:
            _set(connection, self._relaxed)

    def _connecting(self, dialect: Any, _record: object, _arguments: object, options: dict[str, Any]) -> None:  # noqa: ANN401
        """Let asyncpg use the one statement without a name, and keep none: behind a pooler names are not its own.

        It has no switch for that. Between the messages of one statement it sends no Sync, so that the pooler leaves it
        with one session of the server; another process's names are in that session too, and its own in others.
        """
        if not self._pooled or dialect.driver != "asyncpg":
            return
        from sqlalchemy import __version__ as version  # noqa: PLC0415

        options.setdefault("statement_cache_size", 0)
        options.setdefault("prepared_statement_cache_size", 0)
        if tuple(int(part) for part in re.findall(r"\d+", version)[:3]) >= (2, 0, 18):  # older ones do not know it
            options.setdefault("prepared_statement_name_func", str)  # str() is "", the statement without a name

    def _connected(self, connection: Any, record: object) -> None:  # noqa: ANN401 - any driver's
        """Limit what this session may do to others, and let the server notice when this process is gone.

        A limit that came with the connection (in the URL, by `connect_args`) is the user's and stays; one that a
        `connect` event of env.py sets comes after ours. Prepared statements are a session's: a pooler bears none.
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
    """Whether a connection of a pool is to PostgreSQL: env.py may also read a file of SQLite; the truth comes later."""
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
    """Return name, value in the setting's own unit, and where that is from."""
    cursor = connection.cursor()
    try:
        listed = ", ".join(f"'{name}'" for name in names)
        cursor.execute(f"SELECT name, setting, source FROM pg_settings WHERE name IN ({listed})")  # noqa: S608 - ours
        return [(row[0], row[1], row[2]) for row in cursor.fetchall()]
    finally:
        cursor.close()
