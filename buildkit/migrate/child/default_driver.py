"""Chooses the driver for a URL that names none: SQLAlchemy's default if it is installed, else psycopg 3."""

from __future__ import annotations

from typing import Any

PLAIN = "postgresql://"


def with_driver(url: str) -> str:
    """Return `url`; if it names no driver and SQLAlchemy's default is not installed, with psycopg 3 as the driver.

    The default is psycopg2 up to SQLAlchemy 2.0. The two differ in ways that a revision can notice: how values reach
    the server, what one call may hold, the connection's own methods. If the default is installed, the URL stays
    unchanged, so that the revisions run on the driver that they were written for.

    Raises:
        ModuleNotFoundError: neither driver is installed.
    """
    if not url.startswith(PLAIN):
        return url
    from sqlalchemy.engine import make_url  # noqa: PLC0415 - in the child alone

    with_psycopg = f"postgresql+psycopg{url.removeprefix('postgresql')}"
    dialect: Any = make_url(PLAIN).get_dialect()
    try:
        (dialect.import_dbapi if hasattr(dialect, "import_dbapi") else dialect.dbapi)()  # the second before 2.0
    except ImportError as missing:
        try:
            make_url(with_psycopg).get_dialect().import_dbapi()
        except Exception:  # noqa: BLE001 - SQLAlchemy before 2.0 does not know it
            raise missing from None
        return with_psycopg
    return url
