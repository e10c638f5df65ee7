"""The database that DATABASE_URL names; the connection is made when it is first needed."""

import os
from collections.abc import Iterator
from functools import lru_cache

from sqlalchemy import Engine, create_engine
from sqlalchemy.orm import Session


@lru_cache(maxsize=1)
def engine() -> Engine:
    """Return the engine; a plain URL of PostgreSQL is for psycopg 3."""
    scheme, separator, rest = os.environ["DATABASE_URL"].partition("://")
    driver = "postgresql+psycopg" if scheme in {"postgres", "postgresql"} else scheme
    return create_engine(f"{driver}{separator}{rest}", pool_pre_ping=True)


def session() -> Iterator[Session]:
    """Give a request its session."""
    with Session(engine()) as made:
        yield made
