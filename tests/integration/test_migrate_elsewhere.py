"""An env.py whose settings name a database of their own: nothing is ever done to another one than the one named."""

from __future__ import annotations

import io
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from migrating import COLUMN, DATA, TABLE, Service
from plugins.databases import Serve

from buildkit.config import Config, load
from buildkit.db import development
from buildkit.doors import process
from buildkit.errors import OtherDatabaseError, RevisionError
from buildkit.flows.migrate import check_migrations, migrate, migration_status
from buildkit.flows.rehearse import migration_sql, rehearse, round_trip
from buildkit.report.console import Console

# The manner of the templates that keep settings in a class: parts of the address, each with a default of its own.
SETTINGS = """
import os

class Settings:
    SERVER = os.environ.get("POSTGRES_SERVER", "localhost")
    PORT = {port}
    USER = "{user}"
    PASSWORD = "{password}"
    DB = "{database}"
    DRIVER = os.environ.get("DRIVER", "psycopg")

    @property
    def uri(self):
        from sqlalchemy import URL
        return URL.create(f"postgresql+{{self.DRIVER}}", self.USER, self.PASSWORD, self.SERVER, self.PORT, self.DB)

settings = Settings()
"""
OWN_SETTINGS = """
from alembic import context
from sqlalchemy import create_engine, pool
from settings import settings

if context.is_offline_mode():
    context.configure(url=settings.uri, literal_binds=True)
    with context.begin_transaction():
        context.run_migrations()
else:
    with create_engine(settings.uri, poolclass=pool.NullPool).connect() as connection:
        context.configure(connection=connection)
        with context.begin_transaction():
            context.run_migrations()
"""
OWN_ASYNC = """
import asyncio
from alembic import context
from sqlalchemy import pool
from sqlalchemy.ext.asyncio import create_async_engine
from settings import settings

def run(connection):
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()

async def main():
    engine = create_async_engine(settings.uri, poolclass=pool.NullPool)
    async with engine.connect() as connection:
        await connection.run_sync(run)
    await engine.dispose()

asyncio.run(main())
"""
PYPROJECT = """
[project]
name = "svc"
version = "1"
[tool.buildkit]
packages = []
[tool.alembic]
script_location = "%(here)s/migrations"
prepend_sys_path = ["%(here)s"]
"""

Command = Callable[..., object]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("service")


@pytest.fixture(scope="module")
def server(serve: Serve, folder: Path) -> Iterator[development.Server]:
    with serve(folder) as server:
        yield server


@pytest.fixture
def service(server: development.Server, folder: Path) -> Service:
    """A project in the folder that the server belongs to, so that it is the development server of each test too."""
    shutil.rmtree(folder / "migrations", ignore_errors=True)
    service = Service(folder, server)
    (folder / "pyproject.toml").write_text(PYPROJECT)
    return service


@pytest.fixture
def config(service: Service) -> Config:
    return load(service.root, {})


@pytest.fixture
def console() -> Console:
    return Console({}, talk=io.StringIO(), out=io.StringIO())


def with_settings(service: Service, database: str = "", text: str = OWN_SETTINGS) -> None:
    """Give the service settings of its own, which name `database` whatever DATABASE_URL says."""
    facts = {"port": service.port, "user": service.name, "password": service.PASSWORD}
    (service.root / "settings.py").write_text(SETTINGS.format(database=database or service.name, **facts))
    # Bytecode fits a source of the same second and size: that of the test before names another database.
    shutil.rmtree(service.root / "__pycache__", ignore_errors=True)
    service.environment(text)


def named(service: Service, name: str = "") -> dict[str, str]:
    return {**os.environ, "DATABASE_URL": service.url_with(name=name or service.name)}


def dumped(service: Service, postgres: Path) -> str:
    url = service.url_with(user="postgres", password=service.server.password)
    done = process.run([str(postgres / "pg_dump"), "--dbname", url])
    assert done.ok, done.stderr
    return "\n".join(line for line in done.stdout.splitlines() if not line.startswith("\\"))


@pytest.mark.parametrize("driver", ["psycopg", "psycopg2", "asyncpg"])
def test_a_rehearsal_sends_it_to_the_copy(
    service: Service, config: Config, console: Console, postgres: Path, driver: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip(driver)
    monkeypatch.setenv("DRIVER", driver)
    service.chain(TABLE)
    with_settings(service, text=OWN_ASYNC if driver == "asyncpg" else OWN_SETTINGS)
    assert service.migrate().exit_code == 0
    service.chain(TABLE, DATA, COLUMN)
    before = dumped(service, postgres)
    report = rehearse(config, console, named(service), rows=True)
    assert [(row.subject, row.result) for row in report.outcomes] == [("0002", "applied"), ("0003", "applied")]
    assert "500 rows" in report.outcomes[0].detail, "the copy was written to"
    assert dumped(service, postgres) == before


@pytest.mark.parametrize("command", [rehearse, round_trip, migrate, migration_status])
def test_another_database_than_the_named_one_is_refused(
    service: Service, config: Config, console: Console, command: Command
) -> None:
    other = service.beside("named")
    service.chain(TABLE)
    with_settings(service)
    with pytest.raises(OtherDatabaseError) as caught:
        command(config, console, named(service, other))
    assert f"env.py goes to localhost:{service.port}/{service.name}" in caught.value.message
    assert "nothing was applied" in caught.value.message
    assert "DATABASE_URL" in caught.value.hint
    assert caught.value.exit_code == 2
    assert service.PASSWORD not in str((caught.value.message, caught.value.details, caught.value.hint))
    assert service.tables() == service.tables(other) == []


def test_a_rehearsal_does_not_even_connect_to_another_database(
    service: Service, config: Config, console: Console
) -> None:
    service.chain(TABLE)
    with_settings(service)
    query = "SELECT sessions FROM pg_stat_database WHERE datname = %s"  # those that ever were; PostgreSQL 14
    with psycopg.connect(service.server.url, autocommit=True) as admin:
        if admin.info.server_version < 140000:
            pytest.skip("this PostgreSQL does not count sessions")
        before = admin.execute(query, (service.name,)).fetchone()
        with pytest.raises(OtherDatabaseError):
            round_trip(config, console, named(service, service.beside("named")))
        assert admin.execute(query, (service.name,)).fetchone() == before


def test_an_engine_that_makes_its_connections_itself_is_kept_from_another_database(
    service: Service, config: Config, console: Console
) -> None:
    service.chain(TABLE)
    made = "create_engine('postgresql+psycopg://', creator=lambda: __import__('psycopg').connect({}))"
    address = f"host='localhost', port={service.port}, user={service.name!r}, password={service.PASSWORD!r}"
    made = made.format(f"{address}, dbname={service.name!r}")
    opened = "create_engine(settings.uri, poolclass=pool.NullPool)"
    spoilt = f"with {made}.begin() as other: other.exec_driver_sql('CREATE TABLE spoilt ()')\n"
    with_settings(service, text=OWN_SETTINGS.replace(opened, made).replace("if context", f"{spoilt}if context"))
    for command in (round_trip, migration_status):
        with pytest.raises(OtherDatabaseError):
            command(config, console, named(service, service.beside(command.__name__)))
    assert service.tables() == []


def test_without_a_named_database_settings_lead_to_no_other_one(
    service: Service, config: Config, console: Console
) -> None:
    service.chain(TABLE)
    with_settings(service)
    unnamed = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    with pytest.raises(OtherDatabaseError):
        migrate(config, console, unnamed)
    assert service.tables() == []


def test_sql_is_rendered_without_reaching_what_the_settings_name(
    service: Service, config: Config, console: Console
) -> None:
    service.chain(TABLE)
    with_settings(service, "nowhere")
    report = migration_sql(config, console, {}, revision="0001")
    assert "CREATE TABLE t" in report.outcomes[0].detail
    service.environment(OWN_SETTINGS.replace("if context", "create_engine(settings.uri).connect()\nif context"))
    with pytest.raises(OtherDatabaseError, match="nowhere, while its SQL is rendered without a connection"):
        migration_sql(config, console, {}, revision="0001")


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_another_name_of_the_same_server_is_the_same_server(service: Service, host: str) -> None:
    service.chain(TABLE)
    with_settings(service)
    service.variables["POSTGRES_SERVER"] = host
    done = service.migrate()
    assert (done.exit_code, service.at) == (0, ["0001"]), done.stderr
    assert service.migrate().stderr == "already at head 0001\n"


def test_the_models_are_compared_with_the_named_database_alone(service: Service, console: Console) -> None:
    other = service.beside("checked")
    service.chain(TABLE)
    assert service.migrate(url=service.url_with(name=other)).exit_code == 0
    with_settings(service)
    (service.root / "pyproject.toml").write_text(PYPROJECT.replace("prepend", 'metadata = "models:metadata"\nprepend'))
    (service.root / "models.py").write_text("from sqlalchemy import MetaData\nmetadata = MetaData()\n")
    with pytest.raises(OtherDatabaseError):
        check_migrations(load(service.root, {}), console, named(service, other))


def test_several_databases_are_refused_before_anything_is_applied(service: Service) -> None:
    other = service.beside("second")
    service.chain(TABLE)
    with_settings(service)
    loop = OWN_SETTINGS.partition("if context")[0]
    loop += f"for name in ({service.name!r}, {other!r}):\n"
    loop += "    with create_engine(settings.uri.set(database=name)).connect() as connection:\n"
    loop += "        context.configure(connection=connection)\n        context.run_migrations()\n"
    service.environment(loop)
    done = service.migrate()
    assert done.exit_code == 2
    assert f"env.py migrates localhost:{service.port}/{other} beside 127.0.0.1:" in done.stderr
    assert service.tables() == service.tables(other) == []


DIRECT = {
    "psycopg": "import psycopg; c = psycopg.connect({url!r}); c.execute({sql!r}); c.commit(); c.close()",
    "psycopg2": "import psycopg2; c = psycopg2.connect({url!r}); c.cursor().execute({sql!r}); c.commit(); c.close()",
    "asyncpg": """import asyncio, asyncpg
    async def insert():
        c = await asyncpg.connect({url!r})
        await c.execute({sql!r})
    asyncio.run(insert())""",
}


@pytest.mark.parametrize("driver", DIRECT)
def test_a_revision_that_connects_past_sqlalchemy_reaches_no_other_database(
    service: Service, config: Config, console: Console, driver: str
) -> None:
    pytest.importorskip(driver)
    service.chain(TABLE)
    assert service.migrate().exit_code == 0
    url = service.url_with(scheme="postgresql")
    service.chain(TABLE, DIRECT[driver].format(url=url, sql="INSERT INTO t VALUES (7)"), COLUMN)
    with pytest.raises(OtherDatabaseError, match=service.name):
        rehearse(config, console, named(service))
    rows = {row.subject: row.result for row in migration_sql(config, console, named(service)).outcomes}
    assert rows == {"0002": "needs a connection", "0003": "rendered"}
    assert service.rows("SELECT id FROM t") == []


def test_a_revision_may_reach_the_copy_by_itself(service: Service, config: Config, console: Console) -> None:
    service.chain(TABLE)
    assert service.migrate().exit_code == 0
    body = "import os, psycopg; psycopg.connect(os.environ['DATABASE_URL']).execute('SELECT * FROM t')"
    service.chain(TABLE, body)
    assert [row.subject for row in rehearse(config, console, named(service)).outcomes] == ["0002"]


WRITES = """
from alembic import context
from sqlalchemy import create_engine, pool, text

engine = create_engine(context.config.get_main_option("sqlalchemy.url"), poolclass=pool.NullPool)
with engine.connect() as connection:
    connection.execute(text("CREATE SCHEMA IF NOT EXISTS svc"))
    connection.execute(text("SET search_path TO svc"))
    connection.commit()
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
"""


def test_who_only_looks_keeps_nothing_that_env_py_writes(
    service: Service, config: Config, console: Console, postgres: Path
) -> None:
    service.chain(TABLE)
    service.environment(WRITES)
    before = dumped(service, postgres)
    report = migration_status(config, console, named(service))
    assert [row.result for row in report.outcomes] == ["pending"]
    assert [row.subject for row in rehearse(config, console, named(service)).outcomes] == ["0001"]
    assert dumped(service, postgres) == before
    service.environment(WRITES.replace("pool.NullPool", "pool.NullPool, isolation_level='AUTOCOMMIT'"))
    with pytest.raises(RevisionError, match="read-only"):
        migration_status(config, console, named(service))
    assert dumped(service, postgres) == before
    service.environment(WRITES)
    assert service.migrate().exit_code == 0
    assert service.rows("SELECT version_num FROM svc.alembic_version") == [("0001",)]
    report = migration_status(config, console, named(service))
    assert [row.result for row in report.outcomes] == ["fresh"], "what is SET before a commit of nothing stays"


def test_the_foreign_tables_of_a_copy_lead_nowhere(service: Service, config: Config, console: Console) -> None:
    remote = service.beside("remote")
    with psycopg.connect(service.url_with(scheme="postgresql", name=remote), autocommit=True) as there:
        there.execute("CREATE TABLE r (id integer)")
    service.chain(TABLE)
    assert service.migrate().exit_code == 0
    owner = service.url_with(scheme="postgresql", user="postgres", password=service.server.password)
    mapping = f"OPTIONS (user '{service.name}', password '{service.PASSWORD}')"
    with psycopg.connect(owner, autocommit=True) as here:
        here.execute("CREATE EXTENSION postgres_fdw")
        place = f"OPTIONS (host '127.0.0.1', port '{service.port}', dbname '{remote}')"
        here.execute(f"CREATE SERVER s FOREIGN DATA WRAPPER postgres_fdw {place}")
        for whom in ("PUBLIC", "postgres", service.name):
            here.execute(f"CREATE USER MAPPING FOR {whom} SERVER s {mapping}")
        here.execute(f"CREATE FOREIGN TABLE r (id integer) SERVER s; GRANT ALL ON r TO {service.name}")
    service.chain(TABLE, "op.execute('INSERT INTO r VALUES (1)')")
    variables = {**os.environ, "DATABASE_URL": owner}
    with pytest.raises(RevisionError, match="user mapping not found"):
        rehearse(config, console, variables)
    with psycopg.connect(service.url_with(scheme="postgresql", name=remote)) as there:
        assert there.execute("SELECT * FROM r").fetchall() == []
