"""Translators that stay warm between the builds of one process."""

from __future__ import annotations

import contextlib
import io
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from plugins.projects import ProjectMaker, python

from buildkit.config import load
from buildkit.extensions.pool import WarmTranslators
from buildkit.flows.compile import compile_modules
from buildkit.model import Report
from buildkit.report.console import Console

FILES = {
    "pyproject.toml": '[project]\nname = "sample"\nversion = "1"\n[tool.buildkit]\n',
    "src/app/__init__.py": "",
    "src/app/fast.pyx": "from app cimport shared\ndef value():\n    return shared.NUMBER\n",
    "src/app/shared.pxd": "cdef enum:\n    NUMBER = 1\n",
    "src/app/plain.py": "def value():\n    return 'one'\n",
}
pytestmark = pytest.mark.usefixtures("tools_are_known", "all_started")

VALUES = "import app.fast, app.plain; print(app.fast.value(), app.plain.value(), app.plain.__file__[-3:])"


@pytest.fixture
def warm() -> Iterator[WarmTranslators]:
    warm = WarmTranslators()
    yield warm
    warm.close()


@pytest.fixture
def root(project: ProjectMaker, compiler: str) -> Path:
    assert compiler
    return project(FILES)


def build(root: Path, warm: WarmTranslators) -> Report:
    return compile_modules(load(root, os.environ), Console({}, talk=io.StringIO()), os.environ, warm=warm)


def results(report: Report) -> dict[str, str]:
    return {row.subject: row.result for row in report.outcomes}


def workers() -> set[int]:
    """Return the processes that this one started and that translate."""
    found = set()
    for child in psutil.Process().children():
        with contextlib.suppress(psutil.ZombieProcess, psutil.NoSuchProcess):  # a server of an earlier test
            if "buildkit.compile.cython.worker" in " ".join(child.cmdline()):
                found.add(child.pid)
    return found


@pytest.mark.usefixtures("all_cores")
def test_the_next_build_finds_them_warm_and_they_see_every_change(root: Path, warm: WarmTranslators) -> None:
    build(root, warm)
    first = workers()
    assert 1 <= len(first) <= WarmTranslators.MOST

    (root / "src/app/plain.py").write_text("def value():\n    return 'two'\n")
    assert results(build(root, warm)) == {"app.fast": "fresh", "app.plain": "compiled"}
    (root / "src/app/shared.pxd").write_text("cdef enum:\n    NUMBER = 2\n")
    assert results(build(root, warm)) == {"app.fast": "compiled", "app.plain": "fresh"}
    (root / "src/app/plain.pxd").write_text("cpdef object value()\n")  # a warm process looked for it in vain
    assert results(build(root, warm)) == {"app.fast": "fresh", "app.plain": "compiled"}

    assert workers() == first
    assert python(root, VALUES) == "2 two .so"


def test_one_that_died_meanwhile_is_replaced(root: Path, warm: WarmTranslators) -> None:
    build(root, warm)
    for pid in workers():
        os.kill(pid, signal.SIGKILL)
    time.sleep(0.1)

    (root / "src/app/plain.py").write_text("def value():\n    return 'two'\n")

    assert results(build(root, warm)) == {"app.fast": "fresh", "app.plain": "compiled"}


def test_they_are_ended_where_the_settings_are_others(root: Path, warm: WarmTranslators) -> None:
    build(root, warm)
    first = workers()

    (root / "lib").mkdir()
    (root / "src").rename(root / "lib/src")
    (root / "pyproject.toml").write_text(FILES["pyproject.toml"] + 'source-root = "lib/src"\n')
    (root / "lib/src/app/plain.py").write_text("def value():\n    return 'two'\n")

    assert results(build(root, warm))["app.plain"] == "compiled"
    assert first
    assert not workers() & first


def test_a_build_without_warm_ones_leaves_no_process(root: Path) -> None:
    compile_modules(load(root, os.environ), Console({}, talk=io.StringIO()), os.environ)

    assert workers() == set()


@pytest.mark.usefixtures("all_cores")
def test_none_outlives_its_owner(root: Path) -> None:
    code = (
        "import io, os, pathlib, sys\n"
        "sys.path.insert(0, sys.argv[1])\n"
        "from test_warm_translators import *\n"
        "build(pathlib.Path(sys.argv[2]), WarmTranslators()); print(*workers(), flush=True); os.kill(os.getpid(), 9)"
    )
    place = str(Path(__file__).parent)
    owner = subprocess.run(
        [sys.executable, "-c", code, place, str(root)],
        env={**os.environ, "PYTHONPATH": f"{place}{os.pathsep}{Path(place).parent}"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    pids = {int(word) for word in owner.stdout.split()}
    assert owner.returncode == -signal.SIGKILL, owner.stderr
    assert pids

    deadline = time.monotonic() + 20
    while any(Path(f"/proc/{pid}/stat").exists() for pid in pids) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(Path(f"/proc/{pid}/stat").exists() for pid in pids)
