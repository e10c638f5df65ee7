"""`invoke doctor` where something is really missing: the row, the line that mends it, the exit code."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from plugins.projects import ProjectMaker, program

from buildkit.flows.doctor import doctor as look_at
from buildkit.report.console import as_json

PROJECT = '[project]\nname = "app"\nversion = "1"\n[tool.buildkit]\npackages = ["app"]\n'
FILES = {"pyproject.toml": PROJECT, "src/app/__init__.py": "", "src/app/one.py": "ONE = 1\n"}
NEEDED = ("cc", "gcc", "as", "ld", "git", "docker", "postgres", "pg_ctl", "initdb", "c++", "g++")


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    """A folder with the machine's programs, to be the whole PATH; a test takes some of them out."""
    folder = tmp_path / "programs"
    folder.mkdir()
    for name in NEEDED:
        found = shutil.which(name)
        if found:
            (folder / name).symlink_to(found)
    return folder


Rows = dict[str, dict[str, Any]]


def doctor(root: Path, variables: Mapping[str, str] | None = None) -> tuple[int, Rows]:
    """Look at a project and this machine under these variables; return the exit code and the rows by thing."""
    with pytest.MonkeyPatch.context() as surroundings:
        for name, value in (variables or {}).items():
            surroundings.setenv(name, value)
        report: Any = as_json(look_at(root, os.environ))
    assert {*report["serves"]} == {row["thing"] for row in report["things"]}
    return report["exit-code"], {row["thing"]: row for row in report["things"]}


def run(root: Path, variables: Mapping[str, str] | None = None) -> tuple[int, Rows]:
    """The same by the command, as a user runs it."""
    ran = subprocess.run(
        [sys.executable, "-m", "buildkit", "doctor", "--json"],
        cwd=root,
        env={**os.environ, **(variables or {})},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "Traceback" not in ran.stderr, ran.stderr
    report = json.loads(ran.stdout)
    assert report["schema"] == "buildkit.doctor/1"
    assert report["exit-code"] == ran.returncode
    return ran.returncode, {row["thing"]: row for row in report["things"]}


def test_a_machine_that_lacks_nothing_ends_with_zero(project: ProjectMaker, compiler: str) -> None:
    code, rows = run(project(FILES))

    assert code == 0
    assert compiler
    assert {rows[thing]["outcome"] for thing in ("settings", "Python", "C compiler", "Cython", "disk")} == {"ok"}


def test_without_a_compiler_the_code_is_that_of_compile_and_the_line_installs_one(
    project: ProjectMaker, programs: Path
) -> None:
    for name in ("cc", "gcc"):
        (programs / name).unlink(missing_ok=True)
    program(programs / "apt-get", "exit 0")

    code, rows = doctor(project(FILES), {"PATH": str(programs)})

    assert code == 11
    assert rows["C compiler"]["outcome"] == "missing"
    assert rows["C compiler"]["detail"].endswith("apt-get install -y gcc libc6-dev")


def test_a_compiler_that_makes_nothing_is_told_with_its_words(project: ProjectMaker, programs: Path) -> None:
    broken = program(programs / "broken", "echo 'cannot execute cc1' >&2; exit 1")

    code, rows = doctor(project(FILES), {"CC": str(broken)})

    assert code == 11
    assert "cannot execute cc1" in rows["C compiler"]["reason"]


def test_a_missing_engine_is_optional_until_there_is_an_image(project: ProjectMaker, programs: Path) -> None:
    (programs / "docker").unlink(missing_ok=True)
    root = project(FILES)
    without = doctor(root, {"PATH": str(programs)})
    image = f'{PROJECT}[tool.buildkit.image.api]\ncommand = ["true"]\nhealth = ""\n'
    project({**FILES, "pyproject.toml": image})
    with_image = doctor(root, {"PATH": str(programs)})

    assert (without[0], without[1]["Docker"]["outcome"]) == (0, "optional")
    assert (with_image[0], with_image[1]["Docker"]["outcome"]) == (21, "missing")


def test_an_engine_without_buildx_is_told_apart(project: ProjectMaker, programs: Path) -> None:
    (programs / "docker").unlink(missing_ok=True)
    program(programs / "docker", 'case $1 in version) echo 26.1;; *) echo "no plugin" >&2; exit 1;; esac')
    program(programs / "apt-get", "exit 0")
    image = f'{PROJECT}[tool.buildkit.image.api]\ncommand = ["true"]\nhealth = ""\n'

    code, rows = doctor(project({**FILES, "pyproject.toml": image}), {"PATH": str(programs)})

    assert code == 21
    assert rows["Docker"]["outcome"] == "ok"
    assert rows["buildx"]["outcome"] == "missing"
    assert rows["buildx"]["detail"].endswith("apt-get install -y docker-buildx")


def test_an_engine_that_does_not_answer_is_started(project: ProjectMaker, programs: Path) -> None:
    (programs / "docker").unlink(missing_ok=True)
    program(programs / "docker", 'echo "Cannot connect to the Docker daemon" >&2; exit 1')

    _, rows = doctor(project(FILES), {"PATH": str(programs)})

    assert rows["Docker"]["reason"] == "no engine: Cannot connect to the Docker daemon"
    assert rows["Docker"]["detail"] == "sudo systemctl start docker"


MIGRATED = {
    **FILES,
    "alembic.ini": "[alembic]\nscript_location = migrations\n",
    "migrations/env.py": "from alembic import context\n",
    "migrations/versions/a.py": "revision = 'a'\ndown_revision = None\n",
}


@pytest.mark.parametrize(
    ("variables", "outcome"), [({}, "missing"), ({"DATABASE_URL": "postgresql://x/y"}, "optional")]
)
def test_postgresql_is_needed_for_revisions_without_a_database(
    project: ProjectMaker, tmp_path: Path, variables: dict[str, str], outcome: str
) -> None:
    code, rows = doctor(project(MIGRATED), {"PYBUILDKIT_POSTGRES": str(tmp_path), **variables})

    assert rows["PostgreSQL"]["outcome"] == outcome
    assert rows["PostgreSQL"]["detail"].endswith("-m pip install 'invoke-buildkit[postgres]'")
    assert code == (42 if outcome == "missing" else 0)


def test_mypyc_is_needed_by_whom_it_compiles(project: ProjectMaker, tmp_path: Path) -> None:
    code = "import sys\nfrom importlib import metadata\nsys.modules['mypy'] = None\n"
    code += "own = metadata.version\ndef version(name):\n    if name == 'mypy':\n"
    code += "        raise metadata.PackageNotFoundError\n    return own(name)\nmetadata.version = version\n"
    (tmp_path / "sitecustomize.py").write_text(code)
    path = os.pathsep.join((str(tmp_path), os.environ.get("PYTHONPATH", "")))
    root = project({**FILES, "pyproject.toml": f'{PROJECT}backend = "mypyc"\n'})

    exit_code, rows = run(root, {"PYTHONPATH": path})

    assert exit_code == 11
    assert rows["mypy"]["outcome"] == "missing"
    assert rows["mypy"]["detail"].endswith("-m pip install 'invoke-buildkit[mypyc]'")


def test_packages_and_python_that_are_not_as_declared_are_named(project: ProjectMaker) -> None:
    needs = ["nowhere-to-be-found>1", "invoke>=999", "nox; python_version<'3'"]
    declared = f'requires-python = ">=4"\ndependencies = {json.dumps(needs)}\n'
    text = PROJECT.replace("[tool", f"{declared}[tool")

    code, rows = doctor(project({**FILES, "pyproject.toml": text}))

    assert code == 2
    assert "it asks for Python >=4" in rows["requires-python"]["reason"]
    said = rows["its packages"]["reason"]
    assert "nowhere-to-be-found>1" in said
    assert "invoke>=999, installed is " in said
    assert "nox" not in said
    assert rows["its packages"]["detail"].endswith("-m pip install -e .")


def test_a_reloader_and_a_path_of_health_that_is_nowhere_are_told(project: ProjectMaker) -> None:
    served = (
        f'{PROJECT}[tool.buildkit.dev]\ncommand = ["uvicorn", "app.one:app", "--reload"]\n'
        '[tool.buildkit.image.api]\ncommand = ["uvicorn", "app.one:app"]\n'
    )
    root = project({**FILES, "pyproject.toml": served})
    _, without = doctor(root)
    (root / "src/app/one.py").write_text('path = "/health"\n')
    _, there = doctor(root)

    assert without["reloader"]["detail"] == '[tool.buildkit.dev] command = ["uvicorn", "app.one:app"]'
    assert "no source of the packages has the path /health" in without["health"]["reason"]
    assert "health" not in there


def test_what_git_would_take_is_told_and_the_line_mends_it(project: ProjectMaker) -> None:
    root = project({**FILES, ".env": "SECRET=1\n"})
    subprocess.run(["git", "init", "-q"], cwd=root, check=True)

    _, before = doctor(root)
    subprocess.run(before["ignored files"]["detail"], cwd="/", shell=True, check=True)
    _, after = doctor(root)

    assert before["ignored files"]["reason"] == "git would take *.so, .env"
    assert after["ignored files"]["outcome"] == "ok"


def test_a_context_over_its_budget_is_what_fails_the_image(project: ProjectMaker) -> None:
    image = f'{PROJECT}[tool.buildkit.image.api]\ncommand = ["true"]\nhealth = ""\ncontext-budget = "1KB"\n'
    root = project({**FILES, "pyproject.toml": image, "big.bin": "x" * 5000})

    code, rows = doctor(root, {"DOCKER_HOST": ""})

    assert code in {21, 22}  # where there is no engine either, that is what fails first
    assert rows["context of api"]["outcome"] == "missing"
    assert rows["context of api"]["detail"] == "invoke image.context --write"


@pytest.mark.parametrize(
    ("text", "words", "mend"),
    [
        pytest.param('[project]\nname = "x"\n', "no [tool.buildkit] table", "python -m buildkit init", id="new"),
        pytest.param(f"{PROJECT}packges = []\n", "packges", "", id="misspelt"),
    ],
)
def test_settings_that_cannot_be_read_are_a_row_beside_the_machine(
    project: ProjectMaker, text: str, words: str, mend: str
) -> None:
    code, rows = doctor(project({**FILES, "pyproject.toml": text}))

    assert code == 2
    assert words in rows["settings"]["reason"]
    assert rows["settings"].get("detail", "") == mend
    assert "C compiler" in rows


def test_nothing_is_written(project: ProjectMaker) -> None:
    root = project(FILES)

    doctor(root)

    assert sorted(str(file.relative_to(root)) for file in root.rglob("*") if file.is_file()) == sorted(FILES)
