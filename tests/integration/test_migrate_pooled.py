"""Migrators behind PgBouncer with transaction pooling: each transaction may meet another session of the server."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from in_time import in_time
from migrating import COLUMN, DATA, INDEX, TABLE, Service, pooling, with_async_environment

from buildkit.db import development

LEFT_OVER = """
SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database = (
    SELECT oid FROM pg_database WHERE datname = current_database())
"""

ROWS = """for number in range(12):
        op.get_bind().execute(sa.text("INSERT INTO t (id) VALUES (:id)"), {"id": number + 1000})"""
LISTED = "op.execute(\"CREATE TABLE listed AS SELECT name FROM pg_prepared_statements WHERE name <> ''\")"


@pytest.fixture(scope="module")
def port(pgbouncer: str, server: development.Server) -> Iterator[int]:
    with pooling(pgbouncer, server) as port:
        yield port


@pytest.fixture
def service(server: development.Server, port: int, tmp_path: Path) -> Service:
    return Service(tmp_path / "service", server, port=port)


def test_of_many_replicas_one_migrates_and_all_succeed(service: Service) -> None:
    service.chain(TABLE, INDEX, DATA, COLUMN)
    ended, _ = service.together(8)
    assert [done.exit_code for done in ended] == [0] * 8, [done.stderr for done in ended]
    applied = [line.split()[1] for done in ended for line in done.stderr.splitlines() if line.startswith("applied")]
    assert applied == ["0001", "0002", "0003", "0004"]
    assert service.rows(LEFT_OVER) == [(0,)]
    assert service.rows("SELECT indisvalid FROM pg_index WHERE indexrelid = 'ix_t_name'::regclass") == [(True,)]


def test_of_many_replicas_with_asyncpg_one_migrates_and_all_succeed(service: Service) -> None:
    """Alembic's own async env.py, unedited; each round meets the sessions that the one before has left in the pool."""
    with_async_environment(service)
    service.scheme = "postgresql+asyncpg"
    for number, body in enumerate((TABLE, INDEX, DATA, COLUMN, ROWS, ROWS.replace("1000", "2000")), 1):
        service.revision(f"{number:04}", f"{number - 1:04}" if number > 1 else None, body)
        if number % 2:
            continue
        ended, _ = service.together(8)
        assert [done.exit_code for done in ended] == [0] * 8, [done.stderr for done in ended]
        applied = [line.split()[1] for done in ended for line in done.stderr.splitlines() if line.startswith("applied")]
        assert applied == [f"{number - 1:04}", f"{number:04}"]
    assert service.rows("SELECT count(*) FROM t") == [(524,)]
    assert service.rows("SELECT indisvalid FROM pg_index WHERE indexrelid = 'ix_t_name'::regclass") == [(True,)]
    assert service.rows(LEFT_OVER) == [(0,)]


def test_asyncpg_keeps_nothing_prepared_in_a_session_that_others_use(service: Service) -> None:
    """Between its transactions each may get another session: kept busy in turns, so that it does."""
    with_async_environment(service)
    service.scheme = "postgresql+asyncpg"
    service.chain(TABLE, *(ROWS.replace("1000", str(1000 * at)) for at in range(4)), LISTED)
    busy = [psycopg.connect(service.url_with(scheme="postgresql"), prepare_threshold=None) for _ in range(3)]
    child = service.start()
    while child.poll() is None:
        for client in busy:
            client.execute("SELECT 1")
            time.sleep(0.01)
            client.rollback()
    done = service.finish(child)
    for client in busy:
        client.close()
    assert done.exit_code == 0, done.stderr
    assert service.rows("SELECT count(*) FROM t") == [(48,)]
    assert service.rows("SELECT name FROM listed") == []


def test_the_next_migration_does_not_take_a_pooled_session_for_one_at_work(service: Service) -> None:
    service.one_behind()
    start = time.monotonic()
    done = service.migrate()
    assert done.exit_code == 0, done.stderr
    assert "of a migration that is gone" not in done.stderr
    assert time.monotonic() - start < 8


def test_nothing_that_is_set_stays_with_a_session_that_others_use(service: Service) -> None:
    # A table in use makes the limit bite, so it is there; afterwards no pooled session has it.
    service.chain(TABLE, INDEX)
    service.migrate(lock_timeout=0.4, statement_timeout=33.0)
    service.revision("0003", "0002", COLUMN)
    with service.table_in_use():
        child = service.start(lock_timeout=0.4, statement_timeout=33.0)
        assert "lock timeout" in child.stderr.readline()
    assert service.finish(child).exit_code == 0
    names = ("lock_timeout", "statement_timeout", "client_connection_check_interval")
    clients = [psycopg.connect(service.url, prepare_threshold=None) for _ in range(3)]
    for client in clients:  # each inside a transaction, so each with a session of its own
        found = [client.execute(f"SHOW {name}").fetchone() for name in names]
        assert found == [("0",)] * 3
    for client in clients:
        client.close()


def test_the_same_statement_many_times_needs_no_prepared_statement(service: Service) -> None:
    service.chain(
        TABLE,
        """for number in range(12):
        op.get_bind().execute(sa.text("INSERT INTO t (id) VALUES (:id)"), {"id": number})""",
        """for number in range(12):
        op.get_bind().execute(sa.text("UPDATE t SET name = :name WHERE id = :id"), {"id": number, "name": "x"})""",
    )
    done = service.migrate()
    assert done.exit_code == 0, done.stderr
    assert service.rows("SELECT count(*) FROM t WHERE name = 'x'") == [(12,)]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGKILL, -9)])
def test_a_migrator_that_is_ended_applies_nothing_later_and_blocks_nobody(
    service: Service, number: int, code: int
) -> None:
    service.one_behind()
    with service.table_in_use():
        child = service.start(lock_timeout=60.0)
        backend = service.await_blocked()
        with in_time(2.0):
            child.send_signal(number)
            assert service.finish(child).exit_code == code
        service.await_gone(backend, 60)
    assert "late" not in service.columns
    assert service.rows(LEFT_OVER) == [(0,)]
    assert service.migrate().exit_code == 0
    assert "late" in service.columns


def test_a_waiter_says_for_whom(service: Service) -> None:
    service.one_behind()
    with service.table_in_use() as blocker:
        first = service.start(lock_timeout=30.0)
        service.await_blocked()
        second = service.migrate(lock_wait=2.0)
    assert service.finish(first).exit_code == 0
    assert second.exit_code == 75
    assert f":{first.pid}-" in second.stderr
    assert "running: ALTER TABLE t ADD COLUMN late integer" in second.stderr
    assert f"which waits for pid {blocker} (" in second.stderr


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({"password": "wr0ng-word"}, "refused the password of role"),
        ({"user": "stranger"}, "does not take role 'stranger'"),
    ],
)
def test_whom_the_pooler_does_not_take_is_told_at_once(service: Service, parts: dict[str, str], message: str) -> None:
    service.chain(TABLE)
    done = service.migrate(url=service.url_with(**parts), wait=60.0)
    assert done.exit_code == 42
    assert message in done.stderr
    assert "waiting" not in done.stderr
    assert "wr0ng-word" not in done.stderr


def test_a_database_that_the_pooler_cannot_find_is_named_as_one_reason(service: Service) -> None:
    service.chain(TABLE)
    done = service.migrate(url=service.url_with(name="nowhere"), wait=2.0)
    assert done.exit_code == 42
    assert "does not reach its server" in done.stderr
    assert "or correct the database 'nowhere' in DATABASE_URL" in done.stderr
