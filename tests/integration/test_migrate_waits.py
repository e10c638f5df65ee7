"""Migrations that wait for others' locks and snapshots: never for the suite's own, and who is waited for is named."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from migrating import COLUMN, INDEX, TABLE, Service, pooling
from plugins.databases import Serve

from buildkit.db import development

SLOW = """
CREATE VIEW public.pg_stat_activity AS
SELECT a.* FROM pg_sleep(1.5) slept, LATERAL (
    SELECT * FROM pg_catalog.pg_stat_activity WHERE slept IS NOT NULL OFFSET 0) a
"""
"""Who looks at the sessions needs a second and a half for it, where `public` comes first in the search path."""

WATCHED = """looking = "SELECT 1 FROM pg_catalog.pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = '{}'"
    with op.get_context().autocommit_block():
        while not op.get_bind().execute(sa.text(looking)).fetchone():
            time.sleep(0.01)
        op.create_index("ix_t_name", "t", ["name"], postgresql_concurrently=True)"""
"""Builds an index while the sessions are being looked at."""

SLEEPS = "SELECT pg_sleep(3.5)"
LONG = f"op.execute({SLEEPS!r})"
"""A revision that is watched for a while."""

SNAPSHOT = """
SELECT backend_xmin FROM pg_catalog.pg_stat_activity
WHERE application_name LIKE 'buildkit lock %' AND state <> 'idle' AND datname = current_database()
"""

END_WATCH = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE application_name LIKE 'buildkit watch %' AND usename = current_user  -- PgBouncer's own goes by that name too
"""


@pytest.fixture(scope="module")
def port(pgbouncer: str, server: development.Server) -> Iterator[int]:
    with pooling(pgbouncer, server) as port:
        yield port


@pytest.fixture(params=["direct", "pooled"])
def service(request: pytest.FixtureRequest, server: development.Server, tmp_path: Path) -> Service:
    port = request.getfixturevalue("port") if request.param == "pooled" else None
    return Service(tmp_path / "service", server, port=port)


def let_looking_at_sessions_take_time(service: Service) -> None:
    with service.session() as connection:
        connection.execute(SLOW)
        connection.execute(f"ALTER ROLE {service.name} SET search_path = public, pg_catalog")


def limit_sessions(service: Service, number: int) -> None:
    """Set how many sessions the service's role may have; -1 for any number."""
    with psycopg.connect(service.server.url, autocommit=True) as admin:
        admin.execute(f"ALTER ROLE {service.name} CONNECTION LIMIT {number}")


def take_the_rest(server: development.Server, stack: contextlib.ExitStack) -> None:
    """Take all connections that the server has left."""
    with contextlib.suppress(psycopg.OperationalError):
        while True:
            stack.enter_context(psycopg.connect(server.url))


def line_with(child: Any, words: str) -> str:
    """Return the next line of a child's messages that has these words; empty if it ends without one."""
    return next((line for line in child.stderr if words in line), "")


def test_an_index_that_is_built_while_the_sessions_are_watched_does_not_wait_for_the_watch(service: Service) -> None:
    service.chain(TABLE, WATCHED.format(service.name))
    let_looking_at_sessions_take_time(service)
    done = service.finish(service.start(), timeout=60)
    assert done.exit_code == 0, done.stderr
    assert service.at == ["0002"]


def test_the_session_that_holds_the_lock_has_no_snapshot_while_alembic_runs(service: Service) -> None:
    service.chain(TABLE, LONG)
    let_looking_at_sessions_take_time(service)
    child = service.start()
    backend = service.await_statement(SLEEPS)
    running = f"SELECT FROM pg_catalog.pg_stat_activity WHERE pid = {backend} AND query LIKE '{SLEEPS}%'"
    seen = set()
    with service.session() as other:
        while other.execute(running).rowcount:
            seen |= set(other.execute(SNAPSHOT).fetchall())
    assert service.finish(child).exit_code == 0
    assert seen == {(None,)}


@contextlib.contextmanager
def snapshot_in_use(service: Service) -> Iterator[int]:
    """Hold a snapshot, for which whoever builds an index concurrently waits; yield its backend."""
    with service.session() as other:
        other.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        with other.transaction():
            other.execute("SELECT 1")
            yield other.info.backend_pid


@pytest.mark.parametrize(
    ("waiter", "blocker", "statement"),
    [
        (INDEX, snapshot_in_use, "CREATE INDEX CONCURRENTLY ix_t_name"),
        (COLUMN, Service.table_in_use, "ALTER TABLE t ADD COLUMN late"),
    ],
    ids=["concurrently", "lock"],
)
def test_whom_a_statement_waits_for_is_said(service: Service, waiter: str, blocker: Any, statement: str) -> None:
    service.chain(TABLE)
    service.migrate()
    service.revision("0002", "0001", waiter)
    with blocker(service) as pid:
        child = service.start(lock_timeout=60.0)
        line = line_with(child, " waits for pid ")
    assert line.startswith(statement)
    assert f" waits for pid {pid} (unnamed, idle in transaction for " in line
    done = service.finish(child)
    assert done.exit_code == 0, done.stderr
    seconds = float(done.stderr.partition(" s in wait for locks")[0].rpartition(", ")[2])
    assert seconds > 1.5


def test_a_migration_goes_on_without_the_session_that_watches(service: Service) -> None:
    service.one_behind()
    with service.table_in_use():
        child = service.start(lock_timeout=60.0)
        assert line_with(child, " waits for pid ")
        assert service.rows(END_WATCH)
        time.sleep(1)  # a beat is due twice a second
    done = service.finish(child)
    assert done.exit_code == 0, done.stderr
    assert "lost" not in done.stderr


def test_a_role_that_may_have_two_sessions_is_enough(service: Service) -> None:
    """One holds the lock, the other is Alembic's, though env.py takes its time before it connects."""
    service.chain(TABLE, LONG)
    environment = service.root / "migrations" / "env.py"
    environment.write_text("import time\ntime.sleep(3)\n" + environment.read_text())
    limit_sessions(service, 2)
    done = service.migrate()
    assert done.exit_code == 0, done.stderr
    limit_sessions(service, -1)
    assert service.at == ["0002"]


@pytest.mark.parametrize("way", ["direct", "pooled"])
def test_a_server_without_a_free_connection_does_not_fail_a_migration_at_work(
    serve: Serve, pgbouncer: str, tmp_path: Path, way: str
) -> None:
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(serve(tmp_path / "server"))
        port = stack.enter_context(pooling(pgbouncer, server)) if way == "pooled" else None
        service = Service(tmp_path / "service", server, port=port)
        service.chain(TABLE, LONG, INDEX)
        child = service.start()
        service.await_statement(SLEEPS)
        with contextlib.ExitStack() as others:
            take_the_rest(server, others)
            done = service.finish(child)
        assert done.exit_code == 0, done.stderr
        assert service.at == ["0003"]
