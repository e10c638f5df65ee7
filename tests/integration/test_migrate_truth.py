"""What env.py really does decides, not what its text makes one think: schemas, tenants, roles, transactions."""

from __future__ import annotations

import io
import json
import os
from pathlib import Path

import psycopg
import pytest
from migrating import COLUMN, DATA, ENGINE, TABLE, Service

from buildkit.config import load
from buildkit.db import development
from buildkit.doors import process
from buildkit.flows.migrate import migration_status
from buildkit.model import Report
from buildkit.report.console import Console

CONNECTED = (
    ENGINE
    + """
engine = engine_from_config(section, prefix="sqlalchemy.", poolclass=pool.NullPool, connect_args={arguments})
with engine.{how}() as connection:
    {before}
    context.configure(connection=connection{options})
    with context.begin_transaction():
        {within}
        context.run_migrations()
"""
)
TENANTS = (
    ENGINE
    + """
engine = engine_from_config(section, prefix="sqlalchemy.", poolclass=pool.NullPool)
with engine.connect() as connection:
    found = connection.execute(text("SELECT name FROM public.tenants ORDER BY 1")).scalars().all()
    connection.commit()
    for tenant in found:
        connection.execute(text(f'SET search_path TO "{tenant}"'))
        connection.commit()
        context.configure(connection=connection)
        with context.begin_transaction():
            context.run_migrations()
"""
)


@pytest.fixture
def service(server: development.Server, tmp_path: Path) -> Service:
    service = Service(tmp_path / "service", server)
    (service.root / "pyproject.toml").write_text('[tool.buildkit]\n[tool.alembic]\nscript_location = "migrations"\n')
    return service


def connected(service: Service, **parts: str) -> None:
    """Give the service an env.py that does something with its connection."""
    text = CONNECTED
    for name, usual in {"arguments": "{}", "how": "connect", "before": "pass", "within": "pass", "options": ""}.items():
        text = text.replace(f"{{{name}}}", parts.get(name, usual), 1)
    service.environment(text)


def executed(statement: str, *, commit: bool = True) -> str:
    return f"connection.execute(text({statement!r}))" + "; connection.commit()" * commit


def run(service: Service, *statements: str) -> None:
    with service.session() as connection:
        for statement in statements:
            connection.execute(statement)


def applied(done: process.Completed) -> list[str]:
    return [line.split()[1] for line in done.stderr.splitlines() if line.startswith("applied")]


def status(service: Service) -> Report:
    console = Console({}, talk=io.StringIO(), out=io.StringIO())
    return migration_status(load(service.root, {}), console, {**os.environ, "DATABASE_URL": service.url})


@pytest.mark.parametrize(
    ("schema", "parts"),
    [
        ("svc", {"before": executed("SET search_path TO svc")}),
        ("svc", {"arguments": '{"options": "-csearch_path=svc"}'}),
        ("Svc", {"before": executed('SET search_path TO "Svc", public')}),
        ("svc", {"within": executed("SET LOCAL search_path TO svc", commit=False)}),
        ("svc", {"how": "begin", "before": executed("SET LOCAL search_path TO svc", commit=False)}),
        ("svc", {"options": ", version_table_schema='sv' + 'c'"}),
        ("svc", {"options": ", **{'version_table_schema': 'svc'}"}),
    ],
)
def test_the_version_table_is_where_env_py_has_it(service: Service, schema: str, parts: dict[str, str]) -> None:
    service.chain(TABLE, DATA)
    run(service, f'CREATE SCHEMA "{schema}"')
    connected(service, **parts)
    done = service.migrate()
    assert (done.exit_code, applied(done)) == (0, ["0001", "0002"]), done.stderr
    assert service.rows(f'SELECT version_num FROM "{schema}".alembic_version') == [("0002",)]
    assert service.migrate().stderr == "already at head 0002\n"
    assert {row.result for row in status(service).outcomes} == {"fresh"}
    assert "alembic_version" not in service.tables()


def test_a_search_path_of_the_role_needs_no_word_in_env_py(service: Service) -> None:
    service.chain(TABLE)
    run(service, "CREATE SCHEMA svc", f"ALTER ROLE {service.name} SET search_path TO svc")
    assert service.migrate().exit_code == 0
    assert service.rows("SELECT version_num FROM svc.alembic_version") == [("0001",)]
    assert service.migrate().stderr == "already at head 0001\n"


def add_tenant(service: Service, name: str) -> None:
    run(
        service,
        "CREATE TABLE IF NOT EXISTS public.tenants (name text)",
        f'CREATE SCHEMA "{name}"',
        f"INSERT INTO public.tenants VALUES ('{name}')",
    )


def test_each_tenant_is_looked_at(service: Service) -> None:
    service.chain(TABLE, DATA)
    service.environment(TENANTS)
    for tenant in ("One", "two"):
        add_tenant(service, tenant)
    assert service.migrate().exit_code == 0
    assert service.migrate().stderr == "already at head 0002\n"
    add_tenant(service, "three")
    assert {row.result for row in status(service).outcomes} == {"pending"}
    done = service.migrate()
    assert (done.exit_code, applied(done)) == (0, ["0001", "0002"]), done.stderr
    for tenant in ("One", "two", "three"):
        assert service.rows(f'SELECT version_num FROM "{tenant}".alembic_version') == [("0002",)]


TWO = (
    ENGINE
    + """
engine = engine_from_config(section, prefix="sqlalchemy.", poolclass=pool.NullPool)

def migrate(tenant):
    with engine.connect() as connection:
        context.configure(connection=connection, version_table_schema=tenant)
        with context.begin_transaction():
            connection.execute(text(f'SET LOCAL search_path TO "{tenant}"'))
            context.run_migrations()

"""
)


@pytest.mark.parametrize("how", ["migrate('one')\nmigrate('two')", "list(map(migrate, ('one', 'two')))"])
def test_tenants_without_a_loop_are_all_looked_at(service: Service, how: str) -> None:
    service.chain(TABLE)
    add_tenant(service, "one")
    service.environment(f"{TWO}migrate('one')\n")
    assert service.migrate().exit_code == 0
    add_tenant(service, "two")
    service.environment(f"{TWO}{how}\n")
    assert {row.result for row in status(service).outcomes} == {"pending"}
    done = service.migrate()
    assert (done.exit_code, applied(done)) == (0, ["0001"]), done.stderr
    assert service.rows('SELECT version_num FROM "two".alembic_version') == [("0001",)]


def test_tenants_are_migrated_once_by_processes_that_start_together(service: Service) -> None:
    service.chain(TABLE, DATA)
    service.environment(TENANTS)
    for tenant in ("one", "two"):
        add_tenant(service, tenant)
    ended, _ = service.together(3)
    assert [done.exit_code for done in ended] == [0, 0, 0], [done.stderr for done in ended]
    assert sorted(each for done in ended for each in applied(done)) == ["0001", "0001", "0002", "0002"]


def test_what_env_py_rolls_back_is_not_called_applied(service: Service) -> None:
    service.chain(TABLE, DATA, "op.execute('SELECT nonsense')")
    connected(service, how="begin")
    done = service.migrate()
    assert (done.exit_code, applied(done)) == (40, [])
    assert "revision 0003 failed" in done.stderr
    assert "all revisions are in one transaction of env.py (migrations/env.py:9): none of it was applied" in done.stderr
    assert service.tables() == []
    service.revision("0003", "0002", COLUMN)
    done = service.migrate()
    assert (done.exit_code, applied(done)) == (0, ["0001", "0002", "0003"]), done.stderr
    assert "late" in service.columns


def test_a_transaction_that_nobody_commits_is_named_with_its_line(service: Service) -> None:
    service.chain(TABLE, DATA)
    connected(service, before=executed("SELECT 1", commit=False))
    done = service.migrate()
    assert (done.exit_code, applied(done)) == (40, [])
    assert "was never committed, so nothing was applied" in done.stderr
    assert "it began at migrations/env.py:10" in done.stderr
    assert "connection.commit() before context.configure" in done.stderr.replace("\n", " ")
    assert service.tables() == []


def test_an_error_after_the_revisions_is_not_called_one_before_them(service: Service) -> None:
    service.chain(TABLE, DATA)
    text = (service.root / "migrations" / "env.py").read_text()
    service.environment(text + "\nraise RuntimeError('the cache is not warm')\n")
    done = service.migrate()
    assert done.exit_code == 40
    assert "env.py failed after it had Alembic run: the cache is not warm" in done.stderr
    assert "2 revisions of this run are in the database" in done.stderr
    assert service.at == ["0002"]


def test_an_env_py_that_comes_to_no_revision_is_said_to(service: Service) -> None:
    service.chain(TABLE)
    service.environment("pass\n")
    done = service.migrate()
    assert done.exit_code == 40
    assert "migrations/env.py never came to context.run_migrations()" in done.stderr
    assert service.tables() == []


def test_tables_belong_to_the_role_that_env_py_takes(service: Service) -> None:
    owner = f"{service.name}_owner"
    with psycopg.connect(service.server.url, autocommit=True) as admin:
        admin.execute(f"CREATE ROLE {owner}")
        admin.execute(f"ALTER ROLE {service.name} NOINHERIT")
        admin.execute(f"GRANT {owner} TO {service.name}")
    run(service, "CREATE SCHEMA svc", f"GRANT ALL ON SCHEMA svc TO {owner}")
    run(service, f"ALTER ROLE {service.name} SET search_path TO svc")
    service.chain(TABLE, DATA)
    connected(service, before=executed(f"SET ROLE {owner}"))
    done = service.migrate()
    assert (done.exit_code, applied(done)) == (0, ["0001", "0002"]), done.stderr
    assert service.rows("SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'svc'") == [(owner,)]
    assert service.migrate().stderr == "already at head 0002\n"


def test_sessions_that_may_not_write_are_named_before_anything_is_tried(service: Service) -> None:
    service.chain(TABLE)
    run(service, f"ALTER ROLE {service.name} SET default_transaction_read_only = on")
    done = service.migrate()
    assert done.exit_code == 42
    assert f"the sessions of role {service.name} in" in done.stderr
    assert "are read-only: 1 pending" in done.stderr


def test_an_id_that_the_version_table_cannot_hold_is_named_before_anything_is_applied(service: Service) -> None:
    long = "0002_a_revision_with_a_name_that_tells_all"
    service.chain(TABLE)
    service.revision(long, "0001", DATA)
    done = service.migrate()
    assert (done.exit_code, applied(done)) == (44, [])
    assert f"revision {long} has {len(long)} characters, and public.alembic_version" in done.stderr
    assert service.tables() == []
    run(service, "CREATE TABLE alembic_version (version_num varchar(255) PRIMARY KEY)")
    assert service.migrate().exit_code == 0
    assert service.at == [long]


def test_an_empty_version_table_beside_tables_of_others_is_a_word(service: Service) -> None:
    service.chain(TABLE)
    run(service, "CREATE TABLE of_another_service ()", "CREATE TABLE alembic_version (version_num varchar(32))")
    done = service.migrate()
    assert (done.exit_code, service.at) == (0, ["0001"]), done.stderr


def git(service: Service, *words: str) -> None:
    done = process.run(["git", "-c", "user.name=n", "-c", "user.email=n@localhost", *words], folder=service.root)
    assert done.ok, done.stderr


def committed(service: Service) -> None:
    git(service, "init", "-q")
    git(service, "add", ".")
    git(service, "commit", "-qm", "as it was")
    assert service.migrate().exit_code == 0


@pytest.mark.parametrize("ahead", ["fail", "serve"])
def test_a_squashed_history_is_not_taken_for_a_database_that_is_ahead(service: Service, ahead: str) -> None:
    service.chain(TABLE, DATA)
    committed(service)
    for name in ("0001", "0002"):
        (service.versions / f"{name}_.py").unlink()
    service.revision("squashed", None, TABLE)
    service.revision("later", "squashed", COLUMN)
    service.variables["PYBUILDKIT_MIGRATE_AHEAD"] = ahead
    done = service.migrate()
    assert done.exit_code == 44
    assert "is at revision 0002, whose file is gone from this code: it is not ahead" in done.stderr
    assert "versions/0002_.py" in done.stderr
    assert service.at == ["0002"]


def test_what_follows_head_is_ahead_even_where_its_file_was_taken_back(service: Service) -> None:
    service.chain(TABLE, DATA)
    committed(service)
    git(service, "rm", "-q", str(service.versions / "0002_.py"))
    git(service, "commit", "-qm", "back")
    done = service.migrate()
    assert done.exit_code == 43
    assert "which the code does not have: it is ahead\n" in done.stderr
    service.variables["PYBUILDKIT_MIGRATE_AHEAD"] = "serve"
    assert service.migrate().exit_code == 0


def test_only_a_plain_environment_is_answered_without_alembic(service: Service) -> None:
    service.chain(TABLE)
    run(service, "CREATE SCHEMA svc")
    service.migrate()
    assert not {"psycopg", "alembic"} & set(json.loads(service.migrate().stdout))
    # A table that the other schema's is only like: at head, but not what env.py is about.
    connected(service, before=executed("SET search_path TO svc"))
    done = service.migrate()
    assert (done.exit_code, applied(done)) == (0, ["0001"]), done.stderr
