"""The programs that run without the suite's environment: each file is whole by itself, each is started in one way."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from buildkit.doors import python

PACKAGE = Path(python.__file__).parents[1]
SCRIPTS = (
    "comparison/description.py",
    "comparison/frameworks.py",
    "comparison/importer.py",
    "comparison/measured.py",
    "comparison/pytest_record.py",
    "compile/sameness/bytecode.py",
    "dev/launch.py",
    "image/inside.py",
    "image/oci/compile_sources.py",
    "image/memory_script.py",
    "image/slimming_script.py",
    "image/usage/import_memory_script.py",
    "image/usage/import_trace_script.py",
    "image/usage/installed_script.py",
    "runtime/init.py",
)
"""What is handed to an interpreter as a file or as a text, and finds nothing but the standard library."""


LATER = {"annotationlib"}
"""Of the standard library of Python 3.14: a script may ask for it there."""


def imported(file: Path) -> Iterator[str]:
    """Yield the top of each name that a file imports anywhere."""
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name.partition(".")[0] for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield "." if node.level else str(node.module).partition(".")[0]


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_knows_the_standard_library_alone(name: str) -> None:
    names = set(imported(PACKAGE / name))
    assert names
    assert names <= {"__future__", *LATER, *sys.stdlib_module_names}


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_loads_where_there_is_nothing_else(name: str, tmp_path: Path) -> None:
    code = f"import runpy; runpy.run_path({str(PACKAGE / name)!r}, run_name='loaded')"
    (tmp_path / "json.py").write_text("raise SystemExit('the folder is on the path')")
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code],
        cwd=tmp_path,
        env={},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_every_script_is_one_of_these() -> None:
    """What says that it is a program of its own, or is started as one, stands in the table."""
    for file in PACKAGE.rglob("*.py"):
        text = file.read_text("utf-8")
        if "A program of its own" in text or "python -I " in text:
            assert file.relative_to(PACKAGE).as_posix() in (*SCRIPTS, "image/trial.py")


def test_a_script_is_started_without_what_lies_around(tmp_path: Path) -> None:
    (tmp_path / "show.py").write_text("import sys, json; print(json.dumps([sys.argv[1:], sys.path]))")
    (tmp_path / "json.py").write_text("raise SystemExit('the folder is on the path')")
    command = python.script_command(tmp_path / "show.py", "--flag", "a b")
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=True)
    assert '[["--flag", "a b"]' in done.stdout
    assert str(tmp_path) not in done.stdout
