"""Alembic's environment, the same for every project: nothing in it names one.

Two things are a project's own, and each has its place outside of this file. The database is `sqlalchemy.url`, which
the caller or an ini file sets, else the variable DATABASE_URL. The models are named in Alembic's own configuration,
which Alembic knows how to read on every Python, in a container too:

    [tool.alembic]
    metadata = "app.models:Base.metadata"
"""

import importlib
import os
from logging.config import fileConfig

from alembic import context
from sqlalchemy import MetaData, create_engine, pool

config = context.config

if config.config_file_name is not None and config.file_config.has_section("loggers"):
    fileConfig(config.config_file_name, disable_existing_loggers=False)


def database_url() -> str:
    """Return the database's URL with a driver named; plain PostgreSQL URLs are for psycopg 3."""
    url = config.get_alembic_option("sqlalchemy.url") or os.environ.get("DATABASE_URL")
    if not url:
        raise SystemExit("no database: set DATABASE_URL, as in postgresql://user:password@host:5432/database")
    scheme, separator, rest = url.partition("://")
    return f"postgresql+psycopg://{rest}" if scheme in {"postgres", "postgresql"} else f"{scheme}{separator}{rest}"


def models() -> MetaData | None:
    """Return the metadata that the models are declared on, or None where none is named."""
    name = config.get_alembic_option("metadata")
    if not name:
        return None
    module, _, path = name.partition(":")
    found = importlib.import_module(module)
    for part in path.split("."):
        found = getattr(found, part)
    return found


def write_sql() -> None:
    """Write the statements to standard output (`alembic upgrade head --sql`); needs no server."""
    context.configure(
        url=database_url(), target_metadata=models(), literal_binds=True, dialect_opts={"paramstyle": "named"}
    )
    with context.begin_transaction():
        context.run_migrations()


def migrate() -> None:
    """Apply the revisions, each in a transaction of its own."""
    engine = create_engine(database_url(), poolclass=pool.NullPool)
    with engine.connect() as connection:
        context.configure(connection=connection, target_metadata=models(), transaction_per_migration=True)
        with context.begin_transaction():
            context.run_migrations()


if context.is_offline_mode():
    write_sql()
else:
    migrate()
