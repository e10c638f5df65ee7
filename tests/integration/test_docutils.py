"""A real package of 111 modules from its source archive, with four lines of settings and nothing else."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
from plugins.projects import InvokeRunner

FOUR_LINES = """
[tool.buildkit]
packages = ["docutils"]
exclude = []
backend = "cython"
"""

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("compiler", "all_cores")]


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("archive")
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", "docutils", "docutils==0.23"]
    subprocess.run(pip, cwd=folder, check=True, timeout=200, capture_output=True)
    return next(folder.glob("docutils-0.23*"))


def test_docutils_compiles_and_a_second_run_starts_nothing(archive: Path, invoke: InvokeRunner, tmp_path: Path) -> None:
    with tarfile.open(archive) as tar:
        tar.extractall(tmp_path, filter="data")
    root = tmp_path / "docutils-0.23"
    with (root / "pyproject.toml").open("a") as file:
        file.write(FOUR_LINES)

    first = invoke(root, "compile", "--json")

    assert first.exit_code == 0
    assert first.json["counts"] == {"compiled": 105, "kept": 6}
    assert first.reason("docutils.__main__") == "python -m needs its code object"
    assert first.reason("docutils.examples") == "a program: it asks whether it is __main__"

    second = invoke(root, "compile", "--json")
    assert second.exit_code == 0
    assert second.json["counts"] == {"fresh": 105, "kept": 6}
    assert second.started == ()

    for source in (root / "docutils").rglob("*.py"):
        source.touch()
    touched = invoke(root, "compile", "--json")
    assert touched.json["counts"] == {"fresh": 105, "kept": 6}
    assert touched.started == ()

    edited = root / "docutils/statemachine.py"
    edited.write_text(edited.read_text() + "\nEDITED = True\n")
    one = invoke(root, "compile", "--json")
    assert one.json["counts"] == {"fresh": 104, "compiled": 1, "kept": 6}
    assert one.reason("docutils.statemachine") == "source changed: docutils/statemachine.py"

    page = subprocess.run(
        [sys.executable, "-m", "docutils", "README.rst"],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert "</html>" in page.stdout
    assert "Traceback" not in page.stderr
