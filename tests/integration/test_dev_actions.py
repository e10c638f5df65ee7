"""What `invoke dev` does per change, with the real compiler, database and pipeline."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from dev_service import SAMPLE, SETTINGS, Starter, starting
from plugins.projects import ProjectMaker

from buildkit.db import development

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture
def dev(project: ProjectMaker) -> Iterator[Starter]:
    with starting(project) as start:
        yield start


REVISION = """
from alembic import op
revision = {id!r}
down_revision = {parent!r}

def upgrade():
    op.execute("SELECT 1")
"""

COMPILED = {
    "pyproject.toml": SETTINGS.replace('backend = "none"', 'exclude = ["app/main.py"]'),
    "src/app/answer.py": "from app.fast import text\nfrom app.plain import ENDING\nANSWER = text() + ENDING\n",
    "src/app/fast.pyx": "def text():\n    return 'one'\n",
    "src/app/plain.py": "ENDING = '!'\n",
}


def extensions(root: Path) -> list[str]:
    return sorted(file.name.partition(".")[0] for file in root.rglob("*.so") if ".buildkit" not in file.parts)


@pytest.mark.usefixtures("compiler")
def test_a_compiled_module_is_rebuilt_and_a_failed_build_keeps_the_service(dev: Starter) -> None:
    it = dev(COMPILED)
    it.until_ready()
    assert it.answer() == "one!"
    assert extensions(it.root) == ["answer", "fast", "plain"]

    it.save("src/app/fast.pyx", "def text():\n    return 'two'\n")
    it.until_answer("two!")
    it.until_cycles(1)
    assert "changed src/app/fast.pyx: rebuilt 1 module" in it.cycles()[0]

    before = it.ask()
    it.save("src/app/fast.pyx", "def text():\n    return (\n")
    it.until_cycles(2)
    assert "rebuild failed, the service runs on as it was" in it.cycles()[1]
    assert "fast.pyx:3" in it.text()
    assert it.text().index("did not compile") < it.text().index("rebuild failed")
    (it.root / "src/app/plain.py").touch()
    it.settled()
    assert it.ask() == before

    it.save("src/app/plain.py", "ENDING = '?'\n")  # the build is still owed
    it.until_cycles(3)
    assert it.ask() == before
    it.save("src/app/fast.pyx", "def text():\n    return 'three'\n")
    it.until_answer("three?")
    it.until_cycles(4)
    it.settled()
    assert len(it.cycles()) == 4, "what the build wrote asks for nothing"
    it.end()
    assert it.left() == []


NATIVE = {
    "pyproject.toml": SETTINGS.replace('backend = "none"', 'exclude = ["app/main.py", "app/answer.py"]')
    + '[tool.buildkit.compile.module."app.fast"]\ninclude = ["vendor/include"]\nsources = ["vendor/more.c"]\n',
    "src/app/answer.py": "from app.fast import number\nANSWER = str(number())\n",
    "src/app/fast.pyx": "cdef extern from 'limit.h':\n    int LIMIT\n    int more()\ndef number():\n"
    "    return LIMIT + more()\n",
    "vendor/include/limit.h": "#define LIMIT 1\nint more(void);\n",
    "vendor/more.c": "int more(void) { return 10; }\n",
}


@pytest.mark.usefixtures("compiler")
def test_a_header_and_a_source_beside_the_packages_are_built_in(dev: Starter) -> None:
    it = dev(NATIVE)
    it.until_ready()
    assert it.answer() == "11"

    it.save("vendor/include/limit.h", "#define LIMIT 2\nint more(void);\n")
    it.until_answer("12")
    it.until_cycles(1)
    assert "changed vendor/include/limit.h: rebuilt 1 module" in it.cycles()[0]

    it.save("vendor/more.c", "int more(void) { return 20; }\n")
    it.until_answer("22")


@pytest.mark.usefixtures("compiler")
def test_with_compilation_off_the_source_runs(dev: Starter) -> None:
    files = {**COMPILED, "src/app/answer.py": "from app.plain import ENDING\nANSWER = 'one' + ENDING\n"}
    del files["src/app/fast.pyx"]
    first = dev(files)
    first.until_ready()
    assert extensions(first.root) == ["answer", "plain"]
    first.end()
    it = dev(files, PYBUILDKIT_COMPILE="off")
    it.until_ready()
    assert extensions(it.root) == []
    it.save("src/app/plain.py", "ENDING = '?'\n")
    it.until_answer("one?")
    assert extensions(it.root) == []


STAGE = """
[[tool.buildkit.data.stage]]
name = "read"
run = "app.stage:read"
inputs = ["tle/*.txt"]
outputs = ["all.txt"]
"""

DATA = {
    "pyproject.toml": SETTINGS + STAGE,
    "tle/a.txt": "one",
    "src/app/stage.py": "def read(source, out):\n    (out / 'all.txt').write_text(open('tle/a.txt').read())\n",
    "src/app/answer.py": """
import os
from pathlib import Path
ANSWER = (Path(os.environ["PYBUILDKIT_DATA_PATH"]) / "current/all.txt").read_text()
""",
}


def test_new_data_is_made_and_served(dev: Starter) -> None:
    it = dev(DATA)
    it.until_ready()
    assert it.answer() == "one"
    (it.root / "tle/a.txt").touch()
    it.settled()
    assert it.cycles() == []
    it.save("tle/a.txt", "two")
    it.until_answer("two")
    it.until_cycles(1)
    assert "changed tle/a.txt: made 1 stage" in it.cycles()[0]
    it.save("src/app/stage.py", DATA["src/app/stage.py"].replace("read())", "read() + '!')"))
    it.until_answer("two!")


MIGRATED = {
    "migrations/versions/0001_first.py": REVISION.format(id="0001", parent=None),
    "src/app/answer.py": """
import os, psycopg
with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
    ANSWER = connection.execute("SELECT version_num FROM alembic_version").fetchone()[0]
""",
}


@pytest.fixture
def migrated(postgres: Path, project: ProjectMaker) -> Iterator[dict[str, str]]:
    """Give the files of a project with migrations, and see to it that its server leaves nothing."""
    assert postgres.is_dir()
    root = project(SAMPLE)
    yield {**MIGRATED, "migrations/env.py": (REPOSITORY / "migrations/env.py").read_text()}
    development.stop(root)
    for place in development._places(root):
        shutil.rmtree(place, ignore_errors=True)


def test_a_new_revision_is_applied_to_the_database_that_the_service_uses(
    dev: Starter, migrated: Mapping[str, str]
) -> None:
    it = dev(migrated)
    it.until_ready()
    assert it.answer() == "0001"
    it.save("migrations/versions/0002_second.py", REVISION.format(id="0002", parent="0001"))
    it.until_answer("0002")
    it.until_cycles(1)
    assert "new migrations/versions/0002_second.py: applied 1 revision" in it.cycles()[0]
    it.end()
    assert it.left() == []
    assert development.running(it.root) is None


def test_a_server_that_ran_before_is_left(dev: Starter, migrated: Mapping[str, str], tmp_path: Path) -> None:
    server = development.ensure(tmp_path / "project", os.environ)
    it = dev(migrated)
    it.until_ready()
    it.end()
    left = development.running(it.root)
    assert left is not None
    assert left.pid == server.pid


def test_a_server_left_by_a_killed_loop_is_adopted_and_stopped_by_the_last(
    dev: Starter, migrated: Mapping[str, str]
) -> None:
    killed = dev(migrated)
    killed.until_ready()
    left = development.running(killed.root)
    killed.process.kill()  # and its server stays
    killed.process.wait(10)
    assert left is not None
    assert development.running(killed.root) == left

    one, other = dev(migrated), dev(migrated)
    for each in (one, other):
        each.until_ready()
        assert each.answer() == "0001"
    one.end()
    assert development.running(one.root) == left, "another loop uses it"
    other.end()
    assert development.running(one.root) is None


def test_a_migration_says_that_it_leaves_a_server_and_how_to_stop_it(
    dev: Starter, migrated: Mapping[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    from buildkit.config import load
    from buildkit.flows.migrate import migrate
    from buildkit.report.console import Console

    killed = dev(migrated)
    killed.until_ready()
    assert "started a development PostgreSQL for this project; it stops with this loop" in killed.text()
    variables = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}

    def said() -> list[str]:
        migrate(load(killed.root, {}), Console({}), variables)
        return [line for line in capsys.readouterr().err.splitlines() if "PostgreSQL" in line]

    assert said() == []
    killed.process.kill()
    killed.process.wait(10)
    left = "the development PostgreSQL is left by a loop that was killed: `invoke db.stop` stops it"
    assert said() == [left]
    assert development.stop(killed.root)
    started = "started a development PostgreSQL for this project, which stays: `invoke db.stop` stops it"
    assert said() == [started]
    assert said() == []
