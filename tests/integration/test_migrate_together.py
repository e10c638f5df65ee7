"""Many migrators at once, and migrators that are ended half-way."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import time
from pathlib import Path

import pytest
from in_time import in_time
from migrating import COLUMN, DATA, INDEX, TABLE, Service, with_async_environment
from plugins.databases import Serve

from buildkit.db import development
from buildkit.doors import process
from buildkit.migrate.discovery import find


@pytest.fixture
def service(server: development.Server, tmp_path: Path) -> Service:
    return Service(tmp_path / "service", server)


def test_of_many_replicas_one_migrates_and_all_succeed(service: Service) -> None:
    service.chain(TABLE, INDEX, DATA, COLUMN)
    ended, _ = service.together(8)
    assert [done.exit_code for done in ended] == [0] * 8, [done.stderr for done in ended]
    applied = [line.split()[1] for done in ended for line in done.stderr.splitlines() if line.startswith("applied")]
    assert applied == ["0001", "0002", "0003", "0004"]
    assert service.rows("SELECT count(*) FROM t") == [(500,)]
    assert service.rows("SELECT indisvalid FROM pg_index WHERE indexrelid = 'ix_t_name'::regclass") == [(True,)]


def test_two_services_in_one_database_do_not_wait_for_each_other(service: Service, tmp_path: Path) -> None:
    service.chain(TABLE, "op.execute('SELECT pg_sleep(60)')")
    other = Service(tmp_path / "other", service.server)
    other.name = service.name
    other.chain("op.execute('CREATE TABLE other.thing (id integer)')")
    environment = other.root / "migrations" / "env.py"
    words = "version_table_schema='other', target_metadata="
    environment.write_text(environment.read_text().replace("target_metadata=", words))
    with service.session() as connection:
        connection.execute("CREATE SCHEMA other")
    first = service.start()
    service.await_statement("SELECT pg_sleep(60)")
    done = other.migrate()
    first.send_signal(signal.SIGTERM)
    assert service.finish(first).exit_code == 143
    assert done.exit_code == 0, done.stderr
    assert "waiting" not in done.stderr


@pytest.mark.parametrize("number", [signal.SIGQUIT, signal.SIGINT], ids=["crash", "restart"])
def test_a_server_that_is_restarted_in_the_middle_is_waited_for(
    serve: Serve, postgres: Path, tmp_path: Path, number: int
) -> None:
    with serve(tmp_path) as server:
        service = Service(tmp_path / "service", server)
        service.chain(TABLE, f"{DATA}\n    op.execute('SELECT pg_sleep(2)')", COLUMN)
        children = [service.start() for _ in range(3)]
        service.await_session("migrate")
        service.await_statement("SELECT pg_sleep(2)")
        os.kill(server.pid, number)
        while development._serves(server.pid, server.home / "data"):
            time.sleep(0.02)
        assert development.ensure(tmp_path, {"PYBUILDKIT_POSTGRES": str(postgres)}).port == server.port
        ended = [service.finish(child) for child in children]
        assert [done.exit_code for done in ended] == [0] * 3, [done.stderr for done in ended]
        said = "".join(done.stderr for done in ended)
        assert "the connection to the server was lost: " in said
        assert "the server is back; what was not committed is rolled back, going on from there" in said
        assert service.at == ["0003"]
        assert service.rows("SELECT count(*) FROM t") == [(500,)]


def test_nobody_waits_inside_postgresql(service: Service) -> None:
    service.chain(TABLE, 'op.execute("SELECT pg_sleep(1)")', INDEX)
    children = [service.start() for _ in range(4)]
    waiting = set()
    while any(child.poll() is None for child in children):
        waiting |= set(service.rows("SELECT query FROM pg_stat_activity WHERE wait_event = 'advisory'"))
        time.sleep(0.01)
    assert [service.finish(child).exit_code for child in children] == [0] * 4
    assert not waiting


def test_who_waits_says_for_whom_and_gives_up_in_time(service: Service) -> None:
    service.one_behind()
    with service.table_in_use():
        first = service.start(lock_timeout=30.0)
        service.await_blocked()
        second = service.migrate(lock_wait=8.0)
    assert service.finish(first).exit_code == 0
    assert second.exit_code == 75
    assert "waiting for another migration: held by pid" in second.stderr
    assert f"(buildkit lock {os.uname().nodename[:24]}:{first.pid}-" in second.stderr
    assert "running: ALTER TABLE t ADD COLUMN late integer" in second.stderr


def test_a_migrator_that_is_killed_applies_nothing_later_and_blocks_nobody(service: Service) -> None:
    service.one_behind()
    with service.table_in_use():
        child = service.start(lock_timeout=60.0)
        backend = service.await_blocked()
        child.kill()
        child.communicate()
        service.await_gone(backend, 5)
    time.sleep(0.5)
    assert "late" not in service.columns
    assert service.at == ["0001"]
    assert service.migrate().exit_code == 0
    assert "late" in service.columns


def test_the_next_migrator_waits_for_what_a_killed_one_left_running(service: Service) -> None:
    service.chain(TABLE, 'op.execute("DO $$ BEGIN PERFORM pg_sleep(2); END $$")')
    child = service.start()
    backend = service.await_session("migrate")
    os.kill(child.pid, signal.SIGKILL)
    child.communicate()
    done = service.migrate()
    assert done.exit_code == 0, done.stderr
    assert not service.rows(f"SELECT 1 FROM pg_stat_activity WHERE pid = {backend}")
    assert service.at == ["0002"]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_rolls_back_and_ends_in_time(service: Service, number: int, code: int) -> None:
    service.chain(TABLE)
    service.migrate()
    service.revision("0002", "0001", f"{COLUMN}\n    op.execute('SELECT pg_sleep(60)')")
    child = service.start()
    backend = service.await_session("migrate")
    service.await_statement("SELECT pg_sleep(60)")
    with in_time(2.0):
        child.send_signal(number)
        done = service.finish(child)
        service.await_gone(backend, 60)
    assert done.exit_code == code
    assert "Traceback" not in done.stderr
    assert service.at == ["0001"]
    assert "late" not in service.columns


@pytest.mark.parametrize("driver", ["psycopg", "psycopg2", "asyncpg"])
def test_process_1_of_a_container_stops_in_time_whatever_the_driver(service: Service, driver: str) -> None:
    unshare = shutil.which("unshare")
    if unshare is None or not process.run([unshare, "-pf", "--mount-proc", "true"]).ok:
        pytest.skip("no process namespaces here")
    if driver == "asyncpg":
        with_async_environment(service)
    service.chain(TABLE)
    service.migrate()
    service.revision("0002", "0001", f"{COLUMN}\n    op.execute('SELECT pg_sleep(60)')")
    settings = find(service.root)
    assert settings is not None
    image = {"root": str(service.root), "data": None, "migrate": settings.as_json()}
    (service.root / "buildkit.json").write_text(json.dumps(image))
    child = process.start(
        [unshare, "-pf", "--kill-child", "--mount-proc", sys.executable, "-m", "buildkit.runtime", "--", "true"],
        folder=service.root,
        environment={
            **os.environ,
            "DATABASE_URL": service.url_with(scheme=f"postgresql+{driver}"),
            "PYBUILDKIT_RUNTIME": str(service.root / "buildkit.json"),
        },
        output=process.PIPE,
    )
    backend = service.await_statement("SELECT pg_sleep(60)")
    number_1 = int(Path(f"/proc/{child.pid}/task/{child.pid}/children").read_text().split()[0])
    with in_time(2.0):
        os.kill(number_1, signal.SIGTERM)
        done = service.finish(child)
        service.await_gone(backend, 60)
    assert done.exit_code == 143
    assert service.at == ["0001"]
    assert "late" not in service.columns


@pytest.mark.parametrize("beating", [False, True], ids=["between beats", "in a beat"])
def test_a_signal_ends_it_in_time_though_the_server_hangs(service: Service, beating: bool) -> None:
    """The session that holds the lock stands still, as where the way to the server is cut."""
    service.chain(TABLE, f"op.execute('SELECT pg_sleep(60)')\n    {COLUMN}")
    child = service.start()
    backend = service.await_statement("SELECT pg_sleep(60)")
    holder = service.await_session("lock")
    os.kill(holder, signal.SIGSTOP)
    try:
        if beating:
            time.sleep(1.5)  # a beat is due twice a second
        with in_time(2.0):
            child.send_signal(signal.SIGTERM)
            done = service.finish(child)
    finally:
        os.kill(holder, signal.SIGCONT)
    assert done.exit_code == 143
    assert "Traceback" not in done.stderr
    service.await_gone(backend, 60)
    assert service.at == ["0001"]
    assert "late" not in service.columns


def test_a_signal_while_waiting_for_a_server_ends_in_time(service: Service) -> None:
    service.chain(TABLE)
    child = service.start(url=service.url_with(port=1))
    assert "waiting for the database" in child.stderr.readline()
    child.send_signal(signal.SIGTERM)
    assert service.finish(child, timeout=2).exit_code == 143


def test_a_lost_lock_ends_the_migration(service: Service) -> None:
    service.one_behind()
    with service.table_in_use():
        child = service.start(lock_timeout=60.0)
        backend = service.await_blocked()
        holder = service.await_session("lock")
        service.rows(f"SELECT pg_terminate_backend({holder})")
        done = service.finish(child, timeout=10)
        service.await_gone(backend, 5)
    assert done.exit_code == 42
    assert "the connection that holds the migration lock was lost" in done.stderr
    assert "late" not in service.columns
