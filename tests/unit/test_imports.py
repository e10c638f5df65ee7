"""What starts fast stays fast: the doors load no tool before it is needed."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from buildkit.doors.process import run

ProjectMaker = Callable[[Mapping[str, str]], Path]

HEAVY = (
    "Cython",
    "mypy",
    "mypyc",
    "alembic",
    "sqlalchemy",
    "psycopg",
    "botocore",
    "docker",
    "rich",
    "watchfiles",
    "build",
    "wheel",
)

LISTEN = f"""
import atexit, json, sys
atexit.register(lambda: print("loaded:" + json.dumps(sorted(set(sys.modules) & set({(*HEAVY, "nox", "invoke")!r})))))
"""


def loaded_by(code: str, folder: Path) -> list[str]:
    """Return which of the tools a fresh Python that runs `code` has loaded at its end."""
    answer = run([sys.executable, "-c", LISTEN + code], folder=folder, timeout=60)
    marked = [line for line in answer.stdout.splitlines() if line.startswith("loaded:")]

    assert marked, answer.stdout + answer.stderr
    assert answer.ok, answer.stderr

    found: list[str] = json.loads(marked[-1].removeprefix("loaded:"))
    return found


@pytest.fixture
def sample(project: ProjectMaker) -> Path:
    return project(
        {
            "pyproject.toml": '[project]\nname = "sample"\nversion = "1"\n[tool.buildkit]\n',
            "src/app/__init__.py": "",
            "tasks.py": "from buildkit.tasks import ns\n",
            "noxfile.py": "from buildkit.sessions import register\nregister()\n",
        }
    )


def invoke(*arguments: str) -> str:
    return f"import sys\nfrom invoke.main import program\nprogram.run(['invoke', *{list(arguments)!r}], exit=False)"


def test_importing_the_package_loads_nothing(sample: Path) -> None:
    assert loaded_by("import buildkit", sample) == []


def test_importing_the_tasks_loads_invoke_alone(sample: Path) -> None:
    assert loaded_by("import buildkit.tasks", sample) == ["invoke"]


def test_invoke_list_loads_no_tool(sample: Path) -> None:
    assert loaded_by(invoke("--list"), sample) == ["invoke"]


def test_a_compile_with_nothing_to_do_loads_no_compiler(sample: Path) -> None:
    assert loaded_by(invoke("compile"), sample) == ["invoke"]


def test_importing_the_sessions_loads_nothing(sample: Path) -> None:
    assert loaded_by("import buildkit.sessions", sample) == []


def test_listing_the_sessions_loads_nox_alone(sample: Path) -> None:
    assert loaded_by(
        "import nox._cli; sys.argv = ['nox', '--list']\ntry: nox._cli.main()\nexcept SystemExit: pass", sample
    ) == ["nox"]


def test_the_entrypoint_of_the_container_is_standard_library(sample: Path) -> None:
    code = "import buildkit.runtime.entrypoint, buildkit.runtime.data_gate, buildkit.data.artifact.pull"
    assert loaded_by(code, sample) == []


def test_the_plugin_for_pytest_loads_pytest_alone(sample: Path) -> None:
    code = "import sys, buildkit.testing.plugin.buildkit_database\n"
    code += "assert 'subprocess' not in sys.modules or 'subprocess' in before\n"
    code += "assert not [name for name in sys.modules if name.startswith(('buildkit.flows', 'buildkit.config'))]"
    assert loaded_by(f"import sys, pytest\nbefore = set(sys.modules)\n{code}", sample) == []


def test_the_plugin_is_found_by_pytest() -> None:
    from importlib import import_module

    settings = (Path(__file__).parents[2] / "pyproject.toml").read_text()
    found = re.search(r'\[project\.entry-points\.pytest11].*\n"(.+)" = "\1"\n', settings)
    assert found is not None
    assert hasattr(import_module(found[1]), "buildkit_database_url")
