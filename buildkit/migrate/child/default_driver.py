"""The driver for a URL that names none: the one that SQLAlchemy takes, which the revisions were written with."""

from __future__ import annotations

from typing import Any

PLAIN = "postgresql://"


def with_driver(url: str) -> str:
    """Return `url`, with psycopg 3 for a driver where it names none and SQLAlchemy's own choice is not installed.

    That choice is psycopg2 up to SQLAlchemy 2.0. The two differ in what a revision can see of them: in how values reach
    the server, in what may stand in one call, in the connection's own methods. Where it is installed the URL stays, so
    that an env.py finds what it looks for there.

    Raises:
        ModuleNotFoundError: neither of them is there.
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
