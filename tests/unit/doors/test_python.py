"""A folder full of modules that are named as the standard library's: nothing of the suite may take one of them."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

import buildkit
from buildkit.data.processes.stage_process import command_of
from buildkit.doors import python

Project = Callable[[Mapping[str, str]], Path]

NAMES = ("types", "token", "select", "email", "json", "queue", "runpy", "warnings", "importlib", "threading", "signal")
IN_THE_WAY = {f"{name}.py": f"raise SystemExit('the project has a {name}.py')\n" for name in NAMES}
SHOW = "import json, sys\nprint(json.dumps([sys.path, sys.argv[1:], __name__]))\n"


def ran(command: list[str], folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=60, check=False)


def test_a_module_runs_without_the_working_directory_on_its_path(project: Project) -> None:
    root = project({**IN_THE_WAY, "inner/shown.py": SHOW})
    done = ran(python.module_command("shown", "a", "b"), root, PYTHONPATH=str(root / "inner"))
    assert done.returncode == 0, done.stderr
    path, arguments, name = json.loads(done.stdout)
    assert not {"", ".", str(root)} & {*path}
    assert (arguments, name) == (["a", "b"], "__main__")


def test_what_the_user_put_on_the_path_stays_there(project: Project) -> None:
    root = project({"shown.py": SHOW})
    done = ran(python.module_command("shown"), root, PYTHONPATH=".")
    assert done.returncode == 0, done.stderr
    assert str(root) in json.loads(done.stdout)[0]


@pytest.mark.parametrize("module", ["build", "wheel"])
def test_the_tools_of_the_wheels_are_run_the_same_way(project: Project, module: str) -> None:
    root = project(IN_THE_WAY)
    done = ran([*python.module_command(module), "--help"], root)
    assert done.returncode == 0, done.stderr


def test_a_stage_starts_beside_modules_that_are_named_as_the_standard_librarys(project: Project) -> None:
    from buildkit.data.stages.pipeline import Pipeline, Stage

    root = project({**IN_THE_WAY, "src/made.py": "def make(source, out):\n    print('made')\n"})
    stage = Stage("make", "made:make", (), ("x",), {})
    pipeline = Pipeline(root, root / "src", root / "data", (stage,))
    variables = {"PYBUILDKIT_DATA_IN": ".", "PYBUILDKIT_DATA_OUT": ".", "PYBUILDKIT_DATA_PARAMS": "{}"}
    done = ran(command_of(stage, pipeline, 2), root, PYTHONPATH=str(Path(buildkit.__file__).parents[1]), **variables)
    assert (done.stdout, done.returncode) == ("made\n", 0), done.stderr


def test_the_entrypoint_starts_in_such_a_folder(project: Project) -> None:
    names = [name for name in NAMES if name not in {"types", "runpy", "warnings", "importlib"}]  # -m itself takes those
    root = project({f"{name}.py": IN_THE_WAY[f"{name}.py"] for name in names})
    (root / "settings.json").write_text('{"root": ".", "data": null, "migrate": null}')
    command = [sys.executable, "-m", "buildkit.runtime", "--", "/bin/echo", "served"]
    done = ran(command, root, PYBUILDKIT_RUNTIME="settings.json")
    assert (done.stdout, done.returncode) == ("served\n", 0), done.stderr


def test_the_entrypoint_starts_on_a_safe_path_too(project: Project) -> None:
    root = project({**IN_THE_WAY, "settings.json": '{"root": ".", "data": null, "migrate": null}'})
    command = [sys.executable, "-m", "buildkit.runtime", "--", "/bin/echo", "served"]
    if sys.version_info < (3, 11):
        pytest.skip("Python 3.10 has no safe path")
    done = ran(command, root, PYBUILDKIT_RUNTIME="settings.json", PYTHONSAFEPATH="1")
    assert (done.stdout, done.returncode) == ("served\n", 0), done.stderr
