"""Rolls back what env.py writes during a look at a database; env.py itself sees its writes until then."""

from __future__ import annotations

from typing import Any

_WRITTEN = "SELECT txid_current_if_assigned()"


def install() -> None:
    """Install the hooks for the rest of the process.

    A transaction that wrote nothing is committed, so that what was SET in it stays. One that wrote is left open, and is
    rolled back when its connection ends. In autocommit mode, statements may not write.
    """
    from sqlalchemy import event  # noqa: PLC0415
    from sqlalchemy.engine import Engine  # noqa: PLC0415 - in the child alone
    from sqlalchemy.engine.default import DefaultDialect  # noqa: PLC0415

    usual = DefaultDialect.do_commit

    def commit(dialect: Any, connection: Any) -> None:  # noqa: ANN401 - SQLAlchemy's and a driver's
        if dialect.name != "postgresql" or not _has_written(connection):
            usual(dialect, connection)  # type: ignore[no-untyped-call]

    DefaultDialect.do_commit = commit  # type: ignore[method-assign]
    event.listen(Engine, "before_cursor_execute", _before_statement)


def _has_written(connection: Any) -> bool:  # noqa: ANN401 - a driver's
    cursor = connection.cursor()
    try:
        cursor.execute(_WRITTEN)
        return cursor.fetchone()[0] is not None
    except Exception:  # noqa: BLE001 - each driver has its own; a transaction that has failed is rolled back by a commit
        return False
    finally:
        cursor.close()


def _before_statement(connection: Any, *_: object) -> None:  # noqa: ANN401 - SQLAlchemy's
    driver = connection.connection
    if connection.dialect.name == "postgresql" and getattr(driver.dbapi_connection, "autocommit", False):
        cursor = driver.cursor()
        try:
            cursor.execute("SET default_transaction_read_only = on")
        finally:
            cursor.close()
