"""Stages that are commands: the code of the project that they run is an input, compiled or not."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest
from plugins.projects import InvokeRunner, ProjectMaker

PROJECT = """
[project]
name = "service"
version = "1"
[tool.buildkit]
packages = ["app"]
[[tool.buildkit.data.stage]]
name = "report"
run = {run}
outputs = ["report.txt"]
"""
WRITE = "import os, pathlib\npathlib.Path(os.environ['PYBUILDKIT_DATA_OUT'], 'report.txt').write_text({text})\n"
FILES = {
    "src/app/__init__.py": "",
    "src/app/text.py": "TEXT = 'one'\n",
    "src/app/other.py": "TEXT = 'other'\n",
    "src/app/report.py": "from app.text import TEXT\n" + WRITE.format(text="TEXT"),
    "src/app/tool/__init__.py": "",
    "src/app/tool/__main__.py": "from app.text import TEXT\n" + WRITE.format(text="TEXT"),
    "tools/helper.py": "END = '.'\n",
    "tools/make.py": "import sys\nsys.path.insert(0, 'src')\nfrom app.text import TEXT\nfrom helper import END\n"
    + WRITE.format(text="TEXT + END"),
    "tools/make.sh": 'printf one > "$PYBUILDKIT_DATA_OUT/report.txt"\n',
}


def report(root: Path) -> str:
    return (root / "data/current/report.txt").read_text().strip(".")


def edit(root: Path, name: str, before: str, after: str) -> None:
    file = root / name
    text = file.read_text()
    assert before in text
    file.write_text(text.replace(before, after))


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("module", ["app.report", "app.tool"])
def test_a_module_that_python_runs_counts_with_what_it_imports(
    project: ProjectMaker, invoke: InvokeRunner, monkeypatch: pytest.MonkeyPatch, module: str, compiled: bool
) -> None:
    root = project({**FILES, "pyproject.toml": PROJECT.format(run=[sys.executable, "-m", module])})
    monkeypatch.setenv("PYTHONPATH", str(root / "src"), prepend=os.pathsep)
    if compiled:
        ran = invoke(root, "compile", "--json")
        assert ran.reason("app.report") == ("python -m runs it" if module == "app.report" else "not built before")
    assert invoke(root, "data").exit_code == 0
    edit(root, "src/app/other.py", "other", "changed")
    assert invoke(root, "data", "--json").json["counts"] == {"fresh": 1}
    edit(root, "src/app/text.py", "one", "two")
    assert invoke(root, "data", "--json").json["stages"][0]["reason"] == "code changed: app/text.py"
    assert report(root) == "two"


def test_a_source_saved_twice_in_a_second_is_run_as_it_is_now(
    project: ProjectMaker, invoke: InvokeRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Python would take the bytecode of the first text, which has the same length and the same second."""
    root = project({**FILES, "pyproject.toml": PROJECT.format(run=[sys.executable, "-m", "app.report"])})
    monkeypatch.setenv("PYTHONPATH", str(root / "src"), prepend=os.pathsep)
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
    second = int(time.time())
    text = root / "src/app/text.py"
    os.utime(text, (second, second))
    assert invoke(root, "data").exit_code == 0
    for bytecode in (root / "src/app/__pycache__").glob("text.*.pyc"):
        os.utime(bytecode, (second + 0.2, second + 0.2))  # as on a machine that is not busy
    edit(root, "src/app/text.py", "one", "two")
    os.utime(text, (second + 0.5, second + 0.5))
    assert invoke(root, "data").exit_code == 0
    assert report(root) == "two"


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [("tools/make.py", "+ END", "+ END + END"), ("tools/helper.py", "'.'", "'..'"), ("src/app/text.py", "one", "two")],
)
def test_a_script_of_python_counts_with_what_it_imports(
    project: ProjectMaker, invoke: InvokeRunner, name: str, before: str, after: str
) -> None:
    root = project({**FILES, "pyproject.toml": PROJECT.format(run=[sys.executable, "-W", "ignore", "tools/make.py"])})
    assert invoke(root, "data").exit_code == 0
    assert invoke(root, "data", "--json").json["counts"] == {"fresh": 1}
    edit(root, name, before, after)
    assert invoke(root, "data", "--json").json["counts"] == {"made": 1}


@pytest.mark.parametrize(
    "run", [["sh", "-e", "tools/make.sh"], ["./tools/make.sh"], ["sh", "tools/make.sh", "-m", "fast"]]
)
def test_any_other_script_counts_itself(project: ProjectMaker, invoke: InvokeRunner, run: list[str]) -> None:
    root = project({**FILES, "pyproject.toml": PROJECT.format(run=run)})
    script = root / "tools/make.sh"
    script.write_text(f"#!/bin/sh\n{script.read_text()}")
    script.chmod(0o755)
    assert invoke(root, "data").exit_code == 0
    edit(root, "tools/make.sh", "one", "two")
    assert invoke(root, "data").exit_code == 0
    assert report(root) == "two"
