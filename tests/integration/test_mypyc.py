"""The mypyc backend with real mypy and compilers: what is translated, what is left, what never goes wrong."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest
from plugins.projects import InvokeRunner, ProjectMaker, python
from test_nox import pythons  # noqa: F401 - a fixture

from buildkit.config import load
from buildkit.flows.compile import compile_modules
from buildkit.flows.wheel import build_wheel
from buildkit.report.console import Console

pytest.importorskip("mypyc", reason="mypy is not installed")

SUFFIX = sysconfig.get_config_var("EXT_SUFFIX")

SETTINGS = '[project]\nname = "app"\nversion = "1"\n[tool.buildkit]\npackages = ["app"]\nbackend = "mypyc"\n'

SHAPES = """\
from typing import Generic, TypeVar

Kind = TypeVar("Kind")


class Shape(Generic[Kind]):
    def __init__(self, name: str) -> None:
        self.name = name

    def area(self) -> float:
        return 0.0
"""
SQUARE = """\
from app.shapes import Shape


class Square(Shape[int]):
    def __init__(self, side: float) -> None:
        super().__init__("square")
        self.side = side

    def area(self) -> float:
        return self.side * self.side


def describe(shape: Shape[int]) -> str:
    return f"{shape.name} {shape.area():.0f}"
"""
PLAIN = "def double(value: int) -> int:\n    return 2 * value\n"

PROJECT = {
    "pyproject.toml": SETTINGS,
    "src/app/__init__.py": "",
    "src/app/shapes.py": SHAPES,
    "src/app/square.py": SQUARE,
    "src/app/plain.py": PLAIN,
}
USE = "import app.plain, app.square as s; print(app.plain.double(4), s.describe(s.Square(3)), app.plain.__file__[-3:])"

pytestmark = pytest.mark.usefixtures("compiler")


def natives(root: Path) -> dict[str, bytes]:
    return {path.relative_to(root / "src").as_posix(): path.read_bytes() for path in (root / "src").rglob(f"*{SUFFIX}")}


def names(root: Path) -> set[str]:
    return {name.removesuffix(SUFFIX) for name in natives(root)}


def from_nothing(root: Path, invoke: InvokeRunner, tmp_path: Path, **environment: str) -> dict[str, bytes]:
    """Return what a build without any memory makes of the same sources, elsewhere."""
    clean = tmp_path / "clean"
    shutil.rmtree(clean, ignore_errors=True)
    ignore = shutil.ignore_patterns("*.so", ".buildkit", "__pycache__")
    shutil.copytree(root, clean, ignore=ignore)
    empty = {"PYBUILDKIT_CACHE_DIR": str(tmp_path / "empty")}
    shutil.rmtree(tmp_path / "empty", ignore_errors=True)
    assert invoke(clean, "compile", **{**environment, **empty}).exit_code == 0
    return natives(clean)


def test_each_module_gets_a_library_and_a_shim(project: ProjectMaker, invoke: InvokeRunner) -> None:
    root = project(PROJECT)

    ran = invoke(root, "compile", "--json")

    assert ran.exit_code == 0, ran.stderr
    assert ran.outcomes() == {"app.plain": "compiled", "app.shapes": "compiled", "app.square": "compiled"}
    assert names(root) == {f"app/{name}{end}" for name in ("plain", "shapes", "square") for end in ("", "__mypyc")}
    assert python(root, USE) == "8 square 9 .so"


def test_nothing_changed_starts_no_process(project: ProjectMaker, invoke: InvokeRunner) -> None:
    root = project(PROJECT)
    invoke(root, "compile")
    for file in root.rglob("*.py"):
        file.touch()

    again = invoke(root, "compile", "--json")

    assert again.json["counts"] == {"fresh": 3}
    assert again.started == ()


def test_an_edited_body_compiles_one_library(project: ProjectMaker, invoke: InvokeRunner, tmp_path: Path) -> None:
    root = project(PROJECT)
    invoke(root, "compile")
    before = {path: path.stat().st_ino for path in (root / "src").rglob(f"*{SUFFIX}")}
    (root / "src/app/shapes.py").write_text(SHAPES.replace("0.0", "1.0"))

    ran = invoke(root, "compile", "--json")

    assert ran.outcomes() == {"app.plain": "fresh", "app.shapes": "compiled", "app.square": "fresh"}
    assert ran.reason("app.shapes") == "source changed: app/shapes.py"
    assert ran.reason("app.square") == "its C came out the same"
    written = {path.name for path, inode in before.items() if path.stat().st_ino != inode}
    assert written == {f"shapes__mypyc{SUFFIX}"}
    assert natives(root) == from_nothing(root, invoke, tmp_path)


def test_edits_end_like_a_build_from_nothing(project: ProjectMaker, invoke: InvokeRunner, tmp_path: Path) -> None:
    root = project(PROJECT)
    app = root / "src/app"
    invoke(root, "compile")
    edits = {
        "a method more in the base": {"shapes.py": f"{SHAPES}\n    def sides(self) -> int:\n        return 1\n"},
        "another signature": {
            "shapes.py": SHAPES.replace("area(self)", "area(self, scale: float = 2.0)"),
            "square.py": SQUARE.replace("area(self)", "area(self, scale: float = 2.0)"),
        },
        "a subclass in another module": {
            "plain.py": f"from app.square import Square\n\n\nclass Plain(Square):\n    pass\n\n\n{PLAIN}",
        },
        "an edit below the base": {"shapes.py": SHAPES, "square.py": SQUARE.replace('"square"', '"quadrat"')},
        "back": {"square.py": SQUARE, "plain.py": PLAIN},
        "a mistake, with another base": {
            "shapes.py": SHAPES.replace("(Generic[Kind])", "").replace("Kind = ", "Kind: int = "),
            "square.py": SQUARE.replace("Shape[int]", "Shape"),
        },
        "without the mistake": {"shapes.py": SHAPES.replace("(Generic[Kind])", "")},
        "generic again": {"shapes.py": SHAPES, "square.py": SQUARE},
        "one more": {"extra.py": "from app.plain import double\n\n\ndef four() -> int:\n    return double(2)\n"},
    }
    for what, texts in edits.items():
        for name, text in texts.items():
            (app / name).write_text(text)
        ran = invoke(root, "compile", "--json")
        if "mistake," in what:
            assert ran.exit_code == 10
            continue
        assert ran.exit_code == 0, (what, ran.stderr)
        assert natives(root) == from_nothing(root, invoke, tmp_path), what
    (app / "extra.py").unlink()
    (app / "plain.py").rename(app / "renamed.py")

    ran = invoke(root, "compile", "--json")

    assert ran.outcomes()["app.extra"] == ran.outcomes()["app.plain"] == "removed"
    assert natives(root) == from_nothing(root, invoke, tmp_path)


def test_a_type_error_names_its_line_and_the_sources_run(project: ProjectMaker, invoke: InvokeRunner) -> None:
    settings = f'{SETTINGS}[tool.buildkit.compile.module."app.other"]\nbackend = "cython"\n'
    root = project({**PROJECT, "pyproject.toml": settings, "src/app/other.py": "WORD = 1\n"})
    invoke(root, "compile")
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


def test_a_release_has_one_library(project: ProjectMaker, invoke: InvokeRunner, tmp_path: Path) -> None:
    root = project(PROJECT)
    invoke(root, "compile")

    ran = invoke(root, "compile", "--profile", "release", "--json")

    assert ran.outcomes() == dict.fromkeys(("app.plain", "app.shapes", "app.square", "app__mypyc"), "compiled")
    assert names(root) == {"app/plain", "app/shapes", "app/square", "app__mypyc"}
    assert python(root, USE) == "8 square 9 .so"
    (root / "src/app/plain.py").unlink()

    ran = invoke(root, "compile", "--profile", "release", "--json")

    assert ran.outcomes()["app.plain"] == "removed"
    assert ran.outcomes()["app.shapes"] == "fresh"
    assert natives(root) == from_nothing(root, invoke, tmp_path, PYBUILDKIT_COMPILE_PROFILE="release")

    ran = invoke(root, "compile", "--json")

    assert ran.outcomes()["app__mypyc"] == "removed"
    assert names(root) == {"app/shapes", "app/square", "app/shapes__mypyc", "app/square__mypyc"}


def test_another_backend_takes_the_library_along(project: ProjectMaker, invoke: InvokeRunner) -> None:
    root = project(PROJECT)
    invoke(root, "compile")
    (root / "pyproject.toml").write_text(f'{SETTINGS}[tool.buildkit.compile.module."app.plain"]\nbackend = "cython"\n')

    ran = invoke(root, "compile", "--json")

    assert ran.outcomes() == {"app.plain": "compiled", "app.shapes": "fresh", "app.square": "fresh"}
    assert "app/plain" in names(root)
    assert "app/plain__mypyc" not in names(root)
    (root / "pyproject.toml").write_text(SETTINGS.replace("mypyc", "none"))
    assert invoke(root, "compile").exit_code == 0
    assert names(root) == set()


def test_another_clone_starts_no_tool(project: ProjectMaker, invoke: InvokeRunner, tmp_path: Path) -> None:
    root = project(PROJECT)
    invoke(root, "compile")
    clone = tmp_path / "elsewhere" / "deeper"
    shutil.copytree(root, clone, ignore=shutil.ignore_patterns("*.so", ".buildkit"))

    ran = invoke(clone, "compile", "--json")

    assert ran.json["counts"] == {"restored": 3}
    assert ran.started == ()
    assert natives(clone) == natives(root)


def test_a_packed_store_restores_them(project: ProjectMaker, invoke: InvokeRunner, tmp_path: Path) -> None:
    root = project(PROJECT)
    invoke(root, "compile")
    archive = str(tmp_path / "archive.tgz")
    assert invoke(root, "cache.pack", archive).exit_code == 0
    other = {"PYBUILDKIT_CACHE_DIR": str(tmp_path / "other")}
    assert invoke(root, "compile", "--clean").exit_code == 0
    assert names(root) == set()
    assert invoke(root, "cache.unpack", archive, **other).exit_code == 0

    ran = invoke(root, "compile", "--json", **other)

    assert ran.json["counts"] == {"restored": 3}, ran.stderr
    assert not any("mypyc.worker" in command for command in ran.started)


@pytest.mark.parametrize("harm", ["cut", "flip", "delete", "foreign"])
def test_what_mypy_found_out_is_not_believed_once_it_is_harmed(
    project: ProjectMaker, invoke: InvokeRunner, tmp_path: Path, harm: str
) -> None:
    root = project(PROJECT)
    invoke(root, "compile")
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
    assert natives(root) == from_nothing(root, invoke, tmp_path)


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


def test_the_settings_of_mypy_are_honoured(project: ProjectMaker, invoke: InvokeRunner) -> None:
    root = project({**PROJECT, "src/app/plain.py": f"{PLAIN}\n\ndef loose(value):\n    return value\n"})
    assert invoke(root, "compile").exit_code == 0
    (root / "pyproject.toml").write_text(f"{SETTINGS}[tool.mypy]\ndisallow_untyped_defs = true\n")

    ran = invoke(root, "compile", "--json")

    assert ran.exit_code == 10
    assert "Function is missing a type annotation" in ran.stderr


def test_cython_sources_are_not_for_mypyc(project: ProjectMaker, invoke: InvokeRunner) -> None:
    root = project({**PROJECT, "src/app/fast.pyx": "WORD = 1\n"})

    ran = invoke(root, "compile")

    assert ran.exit_code == 2
    assert "app/fast.pyx: mypyc compiles Python, not Cython" in ran.stderr


def test_dry_run_off_and_no_cache(project: ProjectMaker, invoke: InvokeRunner) -> None:
    root = project(PROJECT)
    assert set(invoke(root, "compile", "--dry-run", "--json").outcomes().values()) == {"would-compile"}
    assert names(root) == set()
    invoke(root, "compile")
    made = natives(root)

    again = invoke(root, "compile", "--no-cache", "--json")

    assert set(again.outcomes().values()) == {"fresh"}
    assert natives(root) == made
    assert invoke(root, "compile", PYBUILDKIT_COMPILE="off").exit_code == 0
    assert names(root) == set()
    assert python(root, USE) == "8 square 9 .py"


@pytest.mark.slow
def test_wheels_of_two_pythons_carry_the_library(
    project: ProjectMaker,
    pythons: dict[str, Path],  # noqa: F811
) -> None:
    backend = '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n'
    packages = '[tool.hatch.build.targets.wheel]\npackages = ["src/app"]\n'
    root = project({**PROJECT, "pyproject.toml": f"{backend}{SETTINGS}{packages}"})
    compile_modules(load(root, os.environ), Console(os.environ), os.environ)  # what `dev` made stays behind
    own = "{}.{}".format(*sys.version_info)
    other = next(version for version in reversed(pythons) if version != own)
    for program in (Path(sys.executable), pythons[other]):
        folder = root / "wheels" / program.name
        wheel = build_wheel(load(root, os.environ), Console(os.environ), os.environ, python=program, folder=folder)

        with zipfile.ZipFile(wheel) as archive:
            inside = {name.partition(".cpython")[0] for name in archive.namelist() if name.endswith(".so")}
            archive.extractall(folder / "installed")
        assert inside == {"app__mypyc", "app/plain", "app/shapes", "app/square"}
        command = [str(program), "-c", USE]
        ran = subprocess.run(command, cwd=folder / "installed", capture_output=True, text=True, check=True)
        assert ran.stdout.strip() == "8 square 9 .so"


@pytest.mark.parametrize("moment", [1, 2, 3, 4, 5, 6])
def test_a_killed_build_mixes_nothing_and_the_next_repairs_it(
    project: ProjectMaker, invoke: InvokeRunner, tmp_path: Path, moment: int
) -> None:
    root = project(PROJECT)
    invoke(root, "compile")
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
    assert natives(root) == from_nothing(root, invoke, tmp_path)


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
