"""A free-threaded Python as the target: its wheel, and the lock, which stays off where the project says that it may."""

from __future__ import annotations

import os
import shutil
import subprocess
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from buildkit.config import load
from buildkit.flows.wheel import build_wheel
from buildkit.report.console import Console

ProjectMaker = Callable[[Mapping[str, str]], Path]

PROJECT = """
[build-system]
requires = ["setuptools>=61"]
build-backend = "setuptools.build_meta"
[project]
name = "app"
version = "1.0"
[tool.buildkit]
packages = ["app"]
[tool.buildkit.compile]
directives = {{ freethreading_compatible = {may} }}
"""
PLAIN = """
shared = [1, 2, 3]


def total(values, *, more=0, **named):
    first, second, third = values
    try:
        return first + second + third + more + len(named) + values[3]
    except IndexError as error:
        return first + second + third, str(error)
"""
CRAMPED = """
def doubled(int number):
    return number * 2
"""
ASKED = """
import sys, threading, warnings
warnings.simplefilter("ignore")
from app import cramped, plain
lock = sys._is_gil_enabled()
said = []
def work():
    for number in range(2000):
        plain.shared[:] = [number, 1, 2]
        plain.total(plain.shared, more=1, **{f"k{number}": 1})
    said.append(cramped.doubled(4))
threads = [threading.Thread(target=work) for _ in range(4)]
for each in threads: each.start()
for each in threads: each.join()
print(lock, said, plain.total([1, 2, 3]), plain.__file__.endswith(".so"))
"""


@pytest.fixture(scope="module")
def python() -> Path:
    """A free-threaded Python with its headers, on PATH."""
    found = filter(None, (shutil.which(f"python3.{minor}t") for minor in range(20, 12, -1)))
    return Path(next(found, "") or pytest.skip("no free-threaded Python on PATH"))


@pytest.mark.usefixtures("compiler")
@pytest.mark.parametrize("may", [True, False])
def test_the_lock_stays_off_where_the_project_says_so(
    python: Path, may: bool, project: ProjectMaker, tmp_path: Path
) -> None:
    sources = {"src/app/__init__.py": "", "src/app/plain.py": PLAIN, "src/app/cramped.pyx": CRAMPED}
    root = project({"pyproject.toml": PROJECT.format(may=str(may).lower()), **sources})

    wheel = build_wheel(load(root, os.environ), Console(os.environ), os.environ, python=python, folder=tmp_path / "w")

    version = python.name.removeprefix("python").replace(".", "")
    assert f"-cp{version.rstrip('t')}-cp{version}-" in wheel.name
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "installed")
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "installed")}
    done = subprocess.run(
        [python, "-c", ASKED], env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stdout == f"{not may} [8, 8, 8, 8] (6, 'list index out of range') True\n", done.stderr[-2000:]
