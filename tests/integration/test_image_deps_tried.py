"""`invoke image.deps --trace` and `--prove`: what tests load counts, and what may go is tried without it."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from installed import Package, environment
from plugins.projects import InvokeRunner

ProjectMaker = Callable[[Mapping[str, str]], Path]

INSTALLED = (
    Package("plain", {"plain/__init__.py": "", "plain/data.bin": "x" * 1_000}, ["below"]),
    Package("below", {"below/__init__.py": ""}),
    Package("hidden", {"hidden/__init__.py": "import deeper\n"}, ["deeper"]),
    Package("deeper", {"deeper/__init__.py": ""}),
    Package("idle", {"idle/__init__.py": ""}),
    Package("asked", {"asked/__init__.py": ""}),
    Package("checker", {"checker/__init__.py": "import asked\n"}, ["asked"]),
)

PROJECT = {
    "pyproject.toml": """\
[project]
name = "service"
version = "1"
dependencies = ["plain", "hidden", "idle", "asked"]
[tool.buildkit]
packages = ["app"]
[tool.buildkit.image.api]
command = ["python", "-m", "app"]
[tool.buildkit.nox]
tests = ["python", "-m", "unittest", "-v", "tests.test_app"]
""",
    "app/__init__.py": "",
    "app/__main__.py": "",
    "app/plugins.py": "import importlib\n\n\ndef load(name):\n    return importlib.import_module(''.join(name))\n",
    "tests/__init__.py": "",
    "tests/test_app.py": """\
import unittest
from app.plugins import load


class Loads(unittest.TestCase):
    def test_a_plugin_is_loaded(self):
        self.assertTrue(load(["h", "idden"]))
""",
}


@pytest.fixture(scope="module")
def env(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return environment(tmp_path_factory.mktemp("env") / "env", *INSTALLED)


@pytest.fixture
def service(project: ProjectMaker) -> Path:
    return project(PROJECT)


def results(found: Mapping[str, Any]) -> dict[str, str]:
    return {row["name"]: row["result"] for row in found["images"]["api"]["declared"]}


def reasons(found: Mapping[str, Any]) -> dict[str, str]:
    return {row["package"].removeprefix("api: "): row["reason"] for row in found["packages"]}


def test_without_a_trace_a_computed_name_leaves_all_uncertain(service: Path, env: Path, invoke: InvokeRunner) -> None:
    found = invoke(service, "image.deps", "--json", "--no-memory", VIRTUAL_ENV=str(env)).json

    assert results(found) == dict.fromkeys(["plain", "hidden", "idle", "asked"], "uncertain")
    assert "but app/plugins.py:5 imports what no source names" in reasons(found)["idle"]


def test_what_the_tests_load_counts_from_then_on(service: Path, env: Path, invoke: InvokeRunner) -> None:
    ran = invoke(service, "image.deps", "--trace", "--json", "--no-memory", VIRTUAL_ENV=str(env))

    assert ran.exit_code == 0, ran.stderr
    assert results(ran.json)["hidden"] == "used"
    again = invoke(service, "image.deps", "--json", "--no-memory", VIRTUAL_ENV=str(env)).json
    assert "the tests showed that it is loaded (app/plugins.py:5)" in reasons(again)["hidden"]
    assert results(again)["idle"] == "uncertain"


def test_a_trace_that_was_harmed_counts_as_none(service: Path, env: Path, invoke: InvokeRunner) -> None:
    (service / ".buildkit/usage").mkdir(parents=True)
    (service / ".buildkit/usage/loaded.json").write_text('{"loaded": [[1')
    ran = invoke(service, "image.deps", "--json", "--no-memory", VIRTUAL_ENV=str(env))

    assert results(ran.json)["hidden"] == "uncertain"


def test_what_may_go_is_proved_and_what_is_needed_is_found(service: Path, env: Path, invoke: InvokeRunner) -> None:
    (service / "app/plugins.py").write_text(
        "def load(letters):\n    exec('import ' + ''.join(letters))\n    return True\n"
    )
    site = next(env.glob("lib/python*/site-packages"))
    before = sorted(str(path) for path in site.rglob("*.py"))
    ran = invoke(service, "image.deps", "--prove", "--json", "--no-memory", VIRTUAL_ENV=str(env))

    assert ran.exit_code == 0, ran.stderr
    assert results(ran.json) == {"plain": "unused", "hidden": "used", "idle": "unused", "asked": "unused"}
    said = reasons(ran.json)
    assert "proved: without it 2 modules can be imported and the tests pass as before" in said["idle"]
    assert "without it " in said["hidden"]
    assert "test_a_plugin_is_loaded (tests.test_app.Loads" in said["hidden"]
    assert "not tried: checker requires it here" in said["asked"]
    assert sorted(str(path) for path in site.rglob("*.py")) == before, "the environment itself is as it was"
    assert not (service / ".buildkit/usage/environment").exists()


def test_without_tests_the_imports_prove_it(service: Path, env: Path, invoke: InvokeRunner) -> None:
    (service / "app/plugins.py").write_text("exec('import hidden')\n")
    file = service / "pyproject.toml"
    file.write_text(file.read_text().partition("[tool.buildkit.nox]")[0])
    ran = invoke(service, "image.deps", "--prove", "--json", "--no-memory", VIRTUAL_ENV=str(env))

    assert results(ran.json) == {"plain": "unused", "hidden": "used", "idle": "unused", "asked": "unused"}
    assert (
        "app.plugins cannot be imported: ModuleNotFoundError: No module named 'hidden'" in reasons(ran.json)["hidden"]
    )
    traced = invoke(service, "image.deps", "--trace", VIRTUAL_ENV=str(env))
    assert traced.exit_code == 2
    assert "error: there are no tests to run: nox.tests is empty" in traced.stderr
    assert 'hint: name them: [tool.buildkit.nox] tests = ["pytest", "tests"]' in traced.stderr


def test_tests_that_cannot_be_started_are_an_error(service: Path, env: Path, invoke: InvokeRunner) -> None:
    file = service / "pyproject.toml"
    file.write_text(file.read_text().replace('"python", "-m", "unittest"', '"no-such-runner", "unittest"'))
    ran = invoke(service, "image.deps", "--trace", VIRTUAL_ENV=str(env))

    assert ran.exit_code == 2
    assert "no-such-runner: there is no such program in the environment of the service" in ran.stderr


def test_tests_of_which_none_passes_prove_nothing(service: Path, env: Path, invoke: InvokeRunner) -> None:
    (service / "app/plugins.py").write_text("def load(name):\n    raise ValueError('broken')\n")
    ran = invoke(service, "image.deps", "--prove", "--no-memory", VIRTUAL_ENV=str(env))

    assert ran.exit_code == 2
    assert "error: no test passes with all that is installed, so none can show what is needed" in ran.stderr
    assert "ValueError: broken" in ran.stderr
    assert "hint: mend them first" in ran.stderr
    assert not (service / ".buildkit/usage/environment").exists()


def test_a_trace_loads_what_it_hides_and_every_process_writes(tmp_path: Path) -> None:
    import os
    import subprocess

    from buildkit.image.usage import import_trace

    (tmp_path / "own").mkdir()
    (tmp_path / "own/sitecustomize.py").write_text("import os\nos.environ['CUSTOMIZED'] = 'yes'\n")
    record = tmp_path / "record"
    variables = import_trace.variables({**os.environ, "PYTHONPATH": str(tmp_path / "own")}, tmp_path, record)
    code = "import subprocess, sys, os; subprocess.run([sys.executable, '-c', 'import colorsys'])"
    code += "; print(os.environ['CUSTOMIZED'])"
    done = subprocess.run(
        [sys.executable, "-c", code], env=variables, capture_output=True, text=True, timeout=60, check=True
    )

    assert done.stdout == "yes\n"
    assert done.stderr == ""
    found = import_trace.loaded(record, tmp_path)
    assert {"subprocess", "colorsys"} <= {each.module for each in found}
    assert json.loads(record.read_text().splitlines()[0]).keys() == {"module", "by", "line"}
