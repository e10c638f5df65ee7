"""The connection to PostgreSQL, made at the first request that needs it."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache

from sqlalchemy import Engine, create_engine
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, OperationalError, ProgrammingError
from sqlalchemy.orm import Session

from orbits.settings import DATABASE_URL_VARIABLE, database_url

_DRIVER = "postgresql+psycopg"
_CONNECT_SECONDS = 5


class DatabaseUnavailableError(RuntimeError):
    """There is no database, or it is not ready for us."""


def driver_url(url: str) -> str:
    """Return an address that names the driver psycopg 3.

    Args:
        url: One that begins with postgres:, postgresql: or postgresql+psycopg:.
    """
    scheme, separator, rest = url.partition("://")
    if not separator or scheme not in ("postgres", "postgresql", _DRIVER):
        # The address itself may hold a password and stays out of messages.
        message = f"{DATABASE_URL_VARIABLE} is not the address of a PostgreSQL database"
        raise DatabaseUnavailableError(message)
    return f"{_DRIVER}://{rest}"


@contextmanager
def session() -> Iterator[Session]:
    """Open a session on the database of the environment.

    Raises:
        DatabaseUnavailableError: None is given, it does not answer, or its
            tables are missing.
    """
    url = database_url()
    if url is None:
        message = f"no database: {DATABASE_URL_VARIABLE} is not set"
        raise DatabaseUnavailableError(message)
    try:
        with Session(_engine(driver_url(url))) as opened:
            yield opened
    except OperationalError as error:
        message = "the database does not answer"
        raise DatabaseUnavailableError(message) from error
    except ProgrammingError as error:
        message = "the tables are not those of this version: is the database migrated?"
        raise DatabaseUnavailableError(message) from error


@lru_cache(maxsize=4)
def _engine(url: str) -> Engine:
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        message = f"{DATABASE_URL_VARIABLE} cannot be understood"
        raise DatabaseUnavailableError(message) from error
    return create_engine(
        parsed,
        pool_pre_ping=True,
        connect_args={"connect_timeout": _CONNECT_SECONDS},
    )
