"""The fixture `buildkit_database_url` in a project's own tests: real pytest, real PostgreSQL."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import psycopg
import pytest
from branches import ONE, TWO, Branches, branching
from plugins.databases import Serve
from plugins.projects import ProjectMaker

from buildkit.db import development
from buildkit.db.cluster import DATABASE
from buildkit.doors import python
from buildkit.testing import plugin

PLUGIN = "buildkit.testing.plugin.buildkit_database"

TESTS = """
import os
import psycopg
import pytest

@pytest.mark.parametrize("number", range(4))
def test_each_has_a_database_of_its_own(buildkit_database_url, number):
    with open(os.environ["SEEN"], "a") as file:
        file.write(buildkit_database_url + "\\n")
    with psycopg.connect(buildkit_database_url) as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchone()[0] == os.environ["HEAD"]
        assert connection.execute("SELECT count(*) FROM t_one").fetchone() == (0,)
        connection.execute("INSERT INTO t_one VALUES ('mine')")

def test_others_need_none():
    pass
"""

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def it(postgres: Path, project: ProjectMaker) -> Iterator[Branches]:
    assert postgres.is_dir()
    with branching(project) as branches:
        (branches.root / "test_it.py").write_text(TESTS)
        yield branches


def variables(it: Branches, more: Mapping[str, str]) -> dict[str, str]:
    return {**os.environ, "SEEN": str(it.root / "seen"), "HEAD": "one", "PYTEST_ADDOPTS": "", **more}


@pytest.fixture
def run(it: Branches) -> Run:
    """Run the project's tests."""

    def run(*flags: str, **more: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", PLUGIN, *flags]
        return subprocess.run(
            command, cwd=it.root, env=variables(it, more), capture_output=True, text=True, timeout=120, check=False
        )

    return run


def seen(it: Branches) -> list[str]:
    return (it.root / "seen").read_text().split()


def test_each_test_has_an_empty_database_at_head_and_nothing_is_left(it: Branches, run: Run) -> None:
    done = run()
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(set(seen(it))) == 4
    assert development.running(it.root) is None, "it was started for the tests alone"

    it.migrate(ONE)
    it.note("of the development database")
    again = run("-n", "2")
    assert again.returncode == 0, again.stdout + again.stderr
    assert len(set(seen(it))) == 8
    assert it.notes() == ["of the development database"]
    left = it.databases() - {"dev"}
    assert [name.partition("_")[0] for name in left] == ["template"], "the next tests need no migration"


def test_tests_that_need_no_database_start_none(it: Branches, run: Run) -> None:
    done = run("-k", "others", "--durations", "3")
    assert done.returncode == 0
    assert not (it.root / ".buildkit").exists()
    listed = run("--fixtures")
    assert "buildkit_database_url" in listed.stdout


def test_the_tests_of_another_branch_have_its_tables(it: Branches, run: Run) -> None:
    assert run().returncode == 0
    it.check_out(ONE, TWO)
    done = run(HEAD="two")
    assert done.returncode == 0, done.stdout
    it.check_out(ONE)
    assert run().returncode == 0


def test_killed_tests_leave_no_database(it: Branches) -> None:
    it.migrate(ONE)
    (it.root / "test_long.py").write_text(
        "import os, time\ndef test_long(buildkit_database_url):\n"
        "    open(os.environ['SEEN'], 'w').write(buildkit_database_url)\n    time.sleep(60)\n"
    )
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", PLUGIN, "test_long.py"]
    tests = subprocess.Popen(command, cwd=it.root, env=variables(it, {}), stdout=subprocess.DEVNULL)
    while not (it.root / "seen").exists() or not seen(it):
        assert tests.poll() is None
        time.sleep(0.01)
    name = seen(it)[0].rpartition("/")[2]
    assert name in it.databases()
    tests.send_signal(signal.SIGKILL)
    tests.wait(10)
    deadline = time.monotonic() + 20
    while name in it.databases():
        assert time.monotonic() < deadline, "the program that made it sees that its reader is gone"
        time.sleep(0.05)


def test_a_revision_that_fails_is_told_in_its_words(it: Branches, run: Run) -> None:
    it.check_out(ONE.replace("CREATE TABLE", "CREATE TABEL"))
    done = run()
    assert done.returncode == 1
    assert "error: revision one failed" in done.stdout
    assert "Traceback" not in done.stdout
    it.check_out(ONE)
    assert run().returncode == 0


def test_without_postgresql_one_is_told_how_to_get_it(it: Branches, run: Run) -> None:
    done = run(PYBUILDKIT_POSTGRES=str(it.root))
    assert done.returncode == 1
    assert 'pip install "invoke-buildkit[postgres]"' in done.stdout
    assert "1 passed, 4 errors" in done.stdout


def test_a_python_without_the_suite_has_the_fixture_too(it: Branches) -> None:
    """As a session of Nox sets it up: the plugin's folder is on the path, and the databases come from elsewhere."""
    run = "import pytest; sys.exit(pytest.main(['-q', '-p', 'no:cacheprovider']))"
    code = f"import sys; sys.modules['buildkit'] = None; {run}"
    folder = str(Path(plugin.__file__).parent)
    more = {
        "PYTHONPATH": os.pathsep.join(filter(None, (os.environ.get("PYTHONPATH"), folder))),
        "PYTEST_PLUGINS": "buildkit_database",
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        "PYBUILDKIT_TESTING": json.dumps(python.module_command("buildkit.testing", str(it.root))),
    }
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=it.root,
        env=variables(it, more),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(set(seen(it))) == 4


# ------------------------------------------------------------------ a server that is named


def test_on_a_server_that_is_named_the_databases_have_names_of_their_own(
    it: Branches, run: Run, serve: Serve, tmp_path: Path
) -> None:
    (tmp_path / "server").mkdir()
    with serve(tmp_path / "server") as server:
        with psycopg.connect(server.url, autocommit=True) as connection:
            connection.execute("CREATE TABLE t_one (note text)")
            connection.execute("CREATE ROLE plain LOGIN PASSWORD 'x'")
        done = run("-n", "2", DATABASE_URL=f"{server.url}?application_name=mine")
        assert done.returncode == 0, done.stdout + done.stderr
        assert {url.partition("?")[2] for url in seen(it)} == {"application_name=mine"}
        assert f"/{DATABASE}?" not in "".join(seen(it))
        with psycopg.connect(server.url) as connection:
            assert connection.execute("SELECT to_regclass('alembic_version')").fetchone() == (None,)
            names = {name for (name,) in connection.execute("SELECT datname FROM pg_database").fetchall()}
        assert not [name for name in names if name.startswith("tested_")]
        assert development.running(it.root) is None

        refused = run(DATABASE_URL=server.url_of("dev").replace(f"postgres:{server.password}", "plain:x"))
        assert refused.returncode == 1
        assert "the role in DATABASE_URL may make no databases" in refused.stdout
        assert "ALTER ROLE … CREATEDB" in refused.stdout
