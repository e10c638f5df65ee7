from __future__ import annotations

import json
import shutil
import sys
import time
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config as AlembicConfig
from migrating import COLUMN, DATA, INDEX, TABLE, Service, with_async_environment
from plugins.databases import Serve

from buildkit.db import development
from buildkit.doors import process
from buildkit.errors import VersionTableError
from buildkit.migrate.discovery import find
from buildkit.migrate.postgres.connection import Address
from buildkit.migrate.postgres.version_table import require_usable
from buildkit.migrate.postgres.visit import VersionTable
from buildkit.migrate.scripts.graph import read


@pytest.fixture
def service(server: development.Server, tmp_path: Path) -> Service:
    return Service(tmp_path / "service", server)


def test_an_empty_database_goes_to_head_revision_by_revision(service: Service) -> None:
    service.chain(TABLE, INDEX, DATA)
    done = service.migrate()
    assert done.exit_code == 0, done.stderr
    applied = [line.split()[1] for line in done.stderr.splitlines() if line.startswith("applied")]
    assert applied == ["0001", "0002", "0003"]
    assert "migrated to head 0003" in done.stderr
    assert service.at == ["0003"]


def test_at_head_is_said_without_alembic_and_without_a_lock(service: Service) -> None:
    service.chain(TABLE)
    service.migrate()
    done = service.migrate()
    assert done.exit_code == 0
    assert done.stderr == "already at head 0001\n"
    loaded = set(json.loads(done.stdout))
    assert "ctypes" in loaded
    assert not loaded & {"psycopg", "alembic", "sqlalchemy", "buildkit.migrate.child"}


def test_a_service_without_revisions_needs_no_database(service: Service) -> None:
    done = service.migrate(url="")
    assert (done.exit_code, done.stderr) == (0, "there are no revisions: looked in migrations/versions\n")


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({"password": "wr0ng-word"}, "refused the password of role"),
        ({"name": "nowhere"}, "has no database 'nowhere'"),
        ({"scheme": "mysql+pymysql"}, "only PostgreSQL is supported"),
        ({"scheme": "sqlite"}, "only PostgreSQL is supported"),
    ],
)
def test_a_wrong_address_is_refused_at_once(service: Service, parts: dict[str, str], message: str) -> None:
    service.chain(TABLE)
    start = time.monotonic()
    done = service.migrate(url=service.url_with(**parts), wait=60.0)
    assert time.monotonic() - start < 10
    assert done.exit_code == 42
    assert message in done.stderr
    assert "hint: " in done.stderr
    assert "wr0ng-word" not in done.stderr
    assert "Traceback" not in done.stderr


def test_a_server_that_never_answers_is_waited_for_and_named(service: Service) -> None:
    service.chain(TABLE)
    done = service.migrate(url=service.url_with(port=1), wait=1.0)
    assert done.exit_code == 42
    assert "waiting for the database at 127.0.0.1:1: no server answers" in done.stderr
    assert "error: no server answers at 127.0.0.1:1 after" in done.stderr


def test_a_server_that_starts_later_is_awaited(serve: Serve, postgres: Path, tmp_path: Path) -> None:
    with serve(tmp_path) as server:
        service = Service(tmp_path / "service", server)
        service.chain(TABLE)
        development.stop(tmp_path)
        child = service.start()
        time.sleep(2)
        again = development.ensure(tmp_path, {"PYBUILDKIT_POSTGRES": str(postgres)})
        assert again.port == server.port
        done = service.finish(child)
        assert done.exit_code == 0, done.stderr
        assert "waiting for the database" in done.stderr
        assert service.at == ["0001"]


def test_two_heads_are_refused_before_any_connection(service: Service) -> None:
    service.chain(TABLE)
    service.revision("0002a", "0001", "pass")
    service.revision("0002b", "0001", "pass")
    done = service.migrate(url="postgresql://nobody@127.0.0.1:1/nowhere", wait=60.0)
    assert done.exit_code == 41
    assert "error: 2 heads: 0002a, 0002b" in done.stderr
    assert str(service.versions / "0002b_.py") in done.stderr
    assert 'alembic merge -m "merge" 0002a 0002b' in done.stderr


def test_a_database_that_is_ahead_of_the_code_is_said_to_be(service: Service) -> None:
    service.chain(TABLE, DATA)
    service.migrate()
    (service.versions / "0002_.py").unlink()
    done = service.migrate()
    assert done.exit_code == 43
    assert "is at revision 0002, which the code does not have" in done.stderr
    assert service.at == ["0002"]


def test_after_a_way_back_the_older_code_may_run_on_the_newer_database(service: Service) -> None:
    service.chain(TABLE, DATA)
    assert "(1 statements, 500 rows, 0.0 s in wait for locks)" in service.migrate().stderr
    (service.versions / "0002_.py").unlink()
    service.variables = {"PYBUILDKIT_MIGRATE_AHEAD": "serve"}
    done = service.migrate()
    assert done.exit_code == 0, done.stderr
    assert "is at revision 0002, which the code does not have: it is ahead, or the file is gone" in done.stderr
    assert "left as it is (ahead = serve)" in done.stderr
    assert "starting on a database that is ahead of head 0001" in done.stderr
    assert service.at == ["0002"]
    service.variables = {"PYBUILDKIT_MIGRATE_AHEAD": "ignore"}
    wrong = service.migrate()
    assert (wrong.exit_code, "hint: fail or serve" in wrong.stderr) == (2, True)


def test_tables_without_a_version_are_never_stamped(service: Service) -> None:
    service.chain(TABLE)
    _run(service, "CREATE TABLE old (id integer)")
    done = service.migrate()
    assert done.exit_code == 44
    assert "tables: public.old" in done.stderr
    assert "invoke migrate.adopt --revision ID" in done.stderr
    assert service.rows("SELECT to_regclass('alembic_version')") == [(None,)]


def test_what_another_migration_commits_between_two_looks_is_no_fault(service: Service) -> None:
    service.chain(TABLE)
    service.migrate()
    settings = find(service.root)
    assert settings is not None
    address = Address.parse(service.url)
    with service.session() as connection:
        graph, place = read(settings.versions), VersionTable.guess(settings)
        require_usable(connection, place, settings, graph, None, address)  # the first look saw nothing yet
        connection.execute("DROP TABLE alembic_version")
        with pytest.raises(VersionTableError):
            require_usable(connection, place, settings, graph, None, address)


def test_a_version_table_with_two_rows_that_contradict_each_other_is_refused(service: Service) -> None:
    service.chain(TABLE, DATA)
    service.migrate()
    _run(service, "INSERT INTO alembic_version VALUES ('0001')")
    done = service.migrate()
    assert done.exit_code == 44
    assert "holds 0002 beside 0001" in done.stderr


def test_branches_that_were_left_unmerged_go_on_to_their_merge(service: Service) -> None:
    service.chain(TABLE)
    service.revision("0002a", "0001", "pass")
    service.revision("0002b", "0001", "pass")
    service.revision("0003", ("0002a", "0002b"), DATA)
    service.migrate()
    _run(
        service,
        "DELETE FROM t",
        "DELETE FROM alembic_version",
        "INSERT INTO alembic_version VALUES ('0002a'), ('0002b')",
    )
    done = service.migrate()
    assert done.exit_code == 0, done.stderr
    assert service.at == ["0003"]


def test_a_branch_that_is_only_depended_on_is_no_second_head(service: Service) -> None:
    service.chain(TABLE)
    service.revision("a1", None, "pass")
    file = service.revision("0002", "0001", DATA)
    file.write_text(file.read_text() + "\n\ndepends_on = 'a1'\n")
    assert service.migrate().exit_code == 0
    assert service.migrate().stderr == "already at head 0002\n"


def test_a_failing_revision_leaves_nothing_and_the_mended_one_goes_on(service: Service) -> None:
    service.chain(TABLE, DATA, f"{COLUMN}\n    op.execute('SELECT nonsense FROM t')")
    done = service.migrate()
    assert done.exit_code == 40
    assert 'error: revision 0003 failed: column "nonsense" does not exist' in done.stderr
    assert "migrations/versions/0003_.py:" in done.stderr
    assert "SQL: SELECT nonsense FROM t" in done.stderr
    assert service.at == ["0002"]
    assert "late" not in service.columns
    service.revision("0003", "0002", COLUMN)
    assert service.migrate().exit_code == 0
    assert "late" in service.columns


@pytest.mark.parametrize(
    ("commit", "part"),
    [
        ('op.execute("COMMIT")', True),
        ('op.execute("CREATE TABLE other (id int); commit;")', True),
        ("op.get_bind().get_transaction().commit()", True),
        ("""op.execute("DO $$ BEGIN PERFORM 1; END $$")""", False),
        ("""op.execute("SAVEPOINT s; ROLLBACK TO SAVEPOINT s")""", False),
    ],
)
def test_a_revision_that_commits_by_itself_and_fails_is_not_said_to_have_left_nothing(
    service: Service, commit: str, part: bool
) -> None:
    service.chain(TABLE, f'op.execute("CREATE TABLE part (id int)")\n    {commit}\n    raise ValueError("no further")')
    done = service.migrate()
    assert done.exit_code == 40, done.stderr
    assert ("part" in service.tables()) == part
    hint = "part of it ran outside of a transaction and may be there already" if part else "nothing of this revision"
    assert f"hint: {hint}" in done.stderr


def test_a_broken_environment_is_named_with_file_and_line(service: Service) -> None:
    service.chain(TABLE)
    (service.root / "migrations" / "env.py").write_text("import nothing_of_this_name\n")
    done = service.migrate()
    assert done.exit_code == 40
    assert "before any revision: No module named 'nothing_of_this_name'" in done.stderr
    assert "migrations/env.py:1" in done.stderr


def test_an_index_left_half_built_is_named_with_its_repair(service: Service) -> None:
    careful = INDEX.replace("postgresql_concurrently", "unique=True, if_not_exists=True, postgresql_concurrently")
    service.chain(TABLE, "op.execute(\"INSERT INTO t VALUES (1, 'same'), (2, 'same')\")", careful)
    first = service.migrate()
    assert first.exit_code == 40
    assert "REINDEX INDEX CONCURRENTLY public.ix_t_name;" in first.stderr
    # IF NOT EXISTS would now take the invalid index for done.
    second = service.migrate()
    assert second.exit_code == 40
    assert "left invalid: public.ix_t_name" in second.stderr
    assert service.at == ["0002"]
    _run(service, "DELETE FROM t WHERE id = 2", "REINDEX INDEX CONCURRENTLY public.ix_t_name")
    assert service.migrate().exit_code == 0
    assert service.at == ["0003"]


def test_the_old_target_variable_chooses_nothing(service: Service) -> None:
    service.chain(TABLE, DATA)
    service.variables = {"ALEMBIC_UPGRADE_TARGET": "0001"}
    done = service.migrate()
    assert done.exit_code == 0
    assert done.stderr.count("ALEMBIC_UPGRADE_TARGET") == 1
    assert "docs/how-to/from-upgrade-target.md" in done.stderr
    assert service.at == ["0002"]


@pytest.mark.parametrize("template", ["generic", "pyproject", "async", "pyproject_async"])
def test_stock_environments_work_unedited(service: Service, template: str) -> None:
    if "async" in template:
        pytest.importorskip("greenlet", reason="an async env.py needs sqlalchemy[asyncio]")
    shutil.rmtree(service.root / "migrations")
    config = AlembicConfig(str(service.root / "alembic.ini"), toml_file=str(service.root / "pyproject.toml"))
    config.print_stdout = lambda *_, **__: None  # type: ignore[method-assign]
    command.init(config, str(service.root / "migrations"), template=template)
    service.chain(TABLE, INDEX, DATA, f"{COLUMN}\n    op.execute('SELECT nonsense FROM t')")
    children = [service.start() for _ in range(3)]
    for child in children:
        done = service.finish(child)
        assert done.exit_code == 40
        assert 'column "nonsense" does not exist' in done.stderr
    assert service.at == ["0003"], "one transaction a revision"
    service.revision("0004", "0003", COLUMN)
    assert service.migrate().exit_code == 0
    assert service.rows("SELECT count(*) FROM t") == [(500,)]


def test_an_async_driver_of_the_users_own_is_kept(service: Service) -> None:
    pytest.importorskip("asyncpg")
    service.chain(TABLE, INDEX)
    with_async_environment(service)
    done = service.migrate(url=service.url_with(scheme="postgresql+asyncpg"))
    assert done.exit_code == 0, done.stderr
    assert service.at == ["0002"]


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_every_way_to_write_postgresql_is_taken(service: Service, scheme: str) -> None:
    service.chain(TABLE)
    done = service.migrate(url=service.url_with(scheme=scheme))
    assert done.exit_code == 0, done.stderr


def test_plain_alembic_runs_the_same_environment(service: Service) -> None:
    service.chain(TABLE, DATA)
    (service.root / "pyproject.toml").write_text('[tool.alembic]\nscript_location = "%(here)s/migrations"\n')
    environment = {"DATABASE_URL": service.url}
    for words in (["upgrade", "head"], ["current", "--check-heads"], ["upgrade", "head", "--sql"]):
        done = process.run([sys.executable, "-m", "alembic", *words], folder=service.root, environment=environment)
        assert done.ok, done.stderr
    assert service.at == ["0002"]


def test_a_table_in_use_is_tried_again(service: Service) -> None:
    service.one_behind()
    with service.table_in_use():
        child = service.start(lock_timeout=0.3)
        service.await_blocked()
        time.sleep(1)
    done = service.finish(child)
    assert done.exit_code == 0, done.stderr
    assert "rolled back, trying again" in done.stderr
    assert "late" in service.columns


def test_a_statement_that_takes_too_long_is_ended_and_leaves_nothing(service: Service) -> None:
    service.chain(TABLE, f"{COLUMN}\n    op.execute('SELECT pg_sleep(60)')")
    start = time.monotonic()
    done = service.migrate(statement_timeout=0.5)
    assert time.monotonic() - start < 30
    assert done.exit_code == 40
    assert "revision 0002 failed: canceling statement due to statement timeout" in done.stderr
    assert "SQL: SELECT pg_sleep(60)" in done.stderr
    assert service.at == ["0001"]
    assert "late" not in service.columns


def test_at_head_is_said_too_where_no_libpq_can_be_loaded_by_itself(service: Service) -> None:
    service.chain(TABLE)
    service.migrate()
    service.variables["WITHOUT_LIBPQ"] = "yes"
    done = service.migrate()
    assert (done.exit_code, done.stderr) == (0, "already at head 0001\n")
    assert "psycopg" in json.loads(done.stdout)


def _run(service: Service, *statements: str) -> None:
    with service.session() as connection:
        for statement in statements:
            connection.execute(statement)
