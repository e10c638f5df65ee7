"""The image of the reference service beside a real database: one migrates, all start, none holds up a stop."""

from __future__ import annotations

import contextlib
import shutil
import statistics
import time
from pathlib import Path

import contained
import psycopg
import pytest
from migrating import REPOSITORY
from plugins.databases import Serve
from plugins.images import Project, answer_of, created, docker, free_port, log_of, started

pytestmark = [pytest.mark.usefixtures("docker"), pytest.mark.slow]


@pytest.fixture(scope="module")
def orbits(tmp_path_factory: pytest.TempPathFactory, repository: str) -> str:
    """The reference service's image."""
    made = Project(tmp_path_factory.mktemp("orbits"), f"{repository}-orbits")
    for name in ("examples", "migrations"):
        shutil.copytree(REPOSITORY / name, made.root / name)
    shutil.copy(REPOSITORY / "pyproject.toml", made.root)
    _, facts = made.build(environment={"PYBUILDKIT_IMAGE_API_REPOSITORY": made.repository}, required=True)
    assert facts["bytes"] < 300 * 10**6
    return str(facts["tags"][0])


def test_the_reference_service_comes_up_with_data_and_database(
    orbits: str, tmp_path: Path, serve: Serve, docker_volume: str
) -> None:
    """Data, migration, service: made on the first start, found on the second. The database is on this machine."""
    address, port = "127.0.0.1", free_port()
    with serve(tmp_path / "database") as server:
        options = ["--network", "host", "--env", f"DATABASE_URL={server.url}", "--volume", f"{docker_volume}:/app/data"]
        expected = [["data: missing", "migrate: migrated to head"], ["data: fresh", "migrate: already at head"]]
        for words in expected:
            service = ["uvicorn", "orbits.main:app", "--host", address, "--port", str(port)]
            with started(orbits, *options, command=service) as container:
                assert answer_of(container, f"{address}:{port}/version") == {"version": "1.0.0", "compiled": True}
                assert answer_of(container, f"{address}:{port}/observations") == {"observations": []}
                log = log_of(container)
                assert [part for part in words if part in log] == words, log


def test_a_container_that_waits_for_its_database_stops_at_once(orbits: str, docker_volume: str) -> None:
    """Nobody listens where the database is said to be: the data is made, then the migration step waits for a server."""
    nowhere = f"postgresql://service@127.0.0.1:{free_port()}/service"
    options = ["--network", "host", "--env", f"DATABASE_URL={nowhere}", "--volume", f"{docker_volume}:/app/data"]
    with started(orbits, *options, command=["sh", "-c", "echo served"]) as container:
        deadline = time.monotonic() + 60
        while "migrate: waiting for" not in (log := log_of(container)):
            assert time.monotonic() < deadline, log
            time.sleep(0.1)
        begun = time.monotonic()
        docker("stop", "--time", "10", container)
        assert time.monotonic() - begun < 2
        assert docker("inspect", "--format", "{{.State.ExitCode}}", container) == "143"
        log = log_of(container)
        assert "served" not in log
        assert "Traceback" not in log


def test_sixteen_containers_at_once_migrate_once(orbits: str, tmp_path: Path, serve: Serve, docker_volume: str) -> None:
    """All of one image, on one database and one volume: a table, a data revision, an index beside writers."""
    with serve(tmp_path / "database") as server, contextlib.ExitStack() as stack:
        options = ["--network", "host", "--env", f"DATABASE_URL={server.url}", "--volume", f"{docker_volume}:/app/data"]
        names = [stack.enter_context(created(orbits, *options, command=["true"])) for _ in range(16)]
        docker("start", *names)
        codes = docker("wait", *names).split()
        logs = [log_of(name) for name in names]
        with psycopg.connect(server.url) as connection:
            at = connection.execute("SELECT version_num FROM alembic_version").fetchall()
            invalid = connection.execute("SELECT count(*) FROM pg_index WHERE NOT indisvalid").fetchone()

    assert codes == ["0"] * 16, logs
    applied = [
        line.split(" applied ")[1].split()[0] for log in logs for line in log.splitlines() if ": applied " in line
    ]
    assert sorted(applied) == [f"{number:04}" for number in range(1, 6)], logs
    assert sum("stage" in log and ": made" in log for log in logs) == 1
    assert at == [("0005",)]
    assert invalid == (0,)


def test_at_head_the_gate_adds_little_to_a_start(orbits: str, tmp_path: Path, postgres: Path) -> None:
    """At most 0.1 s on a quiet machine, which is for the benchmark to say; here no more than what nobody can miss."""
    with contained.bridged(postgres, tmp_path / "database") as url:
        gate, bare = (statistics.median(times) for times in contained.starts(orbits, url, rounds=10))
    assert gate - bare < max(0.5, 4 * bare), f"{gate:.3f} s with the gate, {bare:.3f} s without"
