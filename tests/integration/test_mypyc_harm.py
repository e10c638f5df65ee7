"""What mypy refuses, what harms its memory and what kills a build of mypyc: nothing is believed or mixed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest
from mypyc_project import PLAIN, PROJECT, SETTINGS, SHAPES, SQUARE, USE, from_nothing, names, natives
from plugins.built import BuildOnce, BuiltProjectMaker
from plugins.projects import InvokeRunner, ProjectMaker, python
from test_nox import pythons  # noqa: F401 - a fixture

pytest.importorskip("mypyc", reason="mypy is not installed")

pytestmark = pytest.mark.usefixtures("compiler")


def test_a_type_error_names_its_line_and_the_sources_run(
    built_project: BuiltProjectMaker, invoke: InvokeRunner
) -> None:
    settings = f'{SETTINGS}[tool.buildkit.compile.module."app.other"]\nbackend = "cython"\n'
    root = built_project({**PROJECT, "pyproject.toml": settings, "src/app/other.py": "WORD = 1\n"})
    (root / "src/app/square.py").write_text(SQUARE.replace("-> str:", "-> int:"))
    (root / "src/app/other.py").write_text("WORD = 2\n")

    ran = invoke(root, "compile", "--json")

    assert ran.exit_code == 10
    assert ran.outcomes() == {
        "app.other": "compiled",
        "app.plain": "failed",
        "app.shapes": "failed",
        "app.square": "failed",
    }
    assert "app/square.py:14: error: Incompatible return value" in ran.stderr
    assert "not compiled, as mypyc takes all its modules or none: app/square.py:14" in ran.stderr
    assert names(root) == {"app/other"}
    assert python(root, USE) == "8 square 9 .py"
    again = invoke(root, "compile", "--json")
    assert (again.exit_code, again.started) == (10, ())

    (root / "src/app/square.py").write_text(SQUARE)

    assert invoke(root, "compile", "--json").outcomes()["app.square"] == "restored"
    assert python(root, USE) == "8 square 9 .so"


@pytest.mark.parametrize("harm", ["cut", "flip", "delete", "foreign"])
def test_what_mypy_found_out_is_not_believed_once_it_is_harmed(
    built_project: BuiltProjectMaker, invoke: InvokeRunner, build_once: BuildOnce, harm: str
) -> None:
    root = built_project(PROJECT)
    known = [path for path in (root / ".buildkit/mypyc").rglob("*") if path.is_file() and path.name != "manifest.json"]
    assert known
    for path in known:
        content = path.read_bytes()
        if harm == "delete":
            path.unlink()
        elif harm == "foreign":
            path.with_name(f"{path.name}x").write_bytes(content)
        else:
            path.write_bytes(content[: len(content) // 2] if harm == "cut" else bytes(byte ^ 1 for byte in content))
    (root / "src/app/shapes.py").write_text(SHAPES.replace("0.0", "3.0"))

    ran = invoke(root, "compile", "--json")

    assert ran.exit_code == 0, ran.stderr
    assert natives(root) == from_nothing(root, build_once)


def test_an_equal_size_and_time_hide_no_edit(project: ProjectMaker, invoke: InvokeRunner) -> None:
    root = project(PROJECT)
    plain = root / "src/app/plain.py"
    os.utime(plain, (10**9, 10**9))
    invoke(root, "compile")
    plain.write_text(PLAIN.replace("2 *", "3 *"))
    os.utime(plain, (10**9, 10**9))

    assert invoke(root, "compile").exit_code == 0

    assert python(root, USE).startswith("12 ")


def test_a_stub_that_turns_up_counts(project: ProjectMaker, invoke: InvokeRunner) -> None:
    root = project({**PROJECT, "src/app/plain.py": f"import helper\n\n\n{PLAIN}\nWORD: int = helper.word()\n"})
    (root / "src/helper.py").write_text("def word() -> int:\n    return 1\n")
    assert invoke(root, "compile").exit_code == 0
    (root / "src/helper.pyi").write_text("def word() -> str: ...\n")

    ran = invoke(root, "compile", "--json")

    assert ran.exit_code == 10
    assert "Incompatible types in assignment" in ran.stderr


def test_the_settings_of_mypy_are_honoured(built_project: BuiltProjectMaker, invoke: InvokeRunner) -> None:
    root = built_project({**PROJECT, "src/app/plain.py": f"{PLAIN}\n\ndef loose(value):\n    return value\n"})
    (root / "pyproject.toml").write_text(f"{SETTINGS}[tool.mypy]\ndisallow_untyped_defs = true\n")

    ran = invoke(root, "compile", "--json")

    assert ran.exit_code == 10
    assert "Function is missing a type annotation" in ran.stderr


def test_cython_sources_are_not_for_mypyc(project: ProjectMaker, invoke: InvokeRunner) -> None:
    root = project({**PROJECT, "src/app/fast.pyx": "WORD = 1\n"})

    ran = invoke(root, "compile")

    assert ran.exit_code == 2
    assert "app/fast.pyx: mypyc compiles Python, not Cython" in ran.stderr


@pytest.mark.parametrize("moment", [1, 2, 3, 4, 5, 6])
def test_a_killed_build_mixes_nothing_and_the_next_repairs_it(
    built_project: BuiltProjectMaker, invoke: InvokeRunner, build_once: BuildOnce, moment: int
) -> None:
    root = built_project(PROJECT)
    (root / "src/app/shapes.py").write_text(SHAPES.replace("name: str", "name: str, more: int = 1"))
    (root / "src/app/square.py").write_text(SQUARE.replace("self.side = side", "self.side = side * 2.0"))
    code = _KILL.format(moment=moment)
    killed = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=False)
    assert killed.returncode in {0, -signal.SIGKILL}

    between = subprocess.run([sys.executable, "-c", USE], cwd=root / "src", capture_output=True, text=True, check=False)
    said = between.stdout.strip().rpartition(" ")[0] or between.stderr.strip().rpartition("\n")[2].partition(":")[0]
    assert said in {"8 square 9", "8 square 36", "SystemError", "TypeError", "ImportError", "ModuleNotFoundError"}
    assert invoke(root, "compile").exit_code == 0

    assert python(root, USE) == "8 square 36 .so"
    assert natives(root) == from_nothing(root, build_once)


_KILL = """
import contextlib, os, pathlib, signal, sys
from buildkit.config import load
from buildkit.flows.compile import compile_modules
from buildkit.report.console import Console
left = {moment}
def see(event, arguments):
    global left
    if event in ("os.rename", "os.remove") and "/src/app/" in str(arguments[0]):
        left -= 1
        if not left:
            os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(see)
compile_modules(load(pathlib.Path.cwd(), {{}}), Console({{}}), os.environ)
"""
