"""The mypyc backend with real mypy and compilers: what is translated, restored and left."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from mypyc_project import PLAIN, PROJECT, SETTINGS, SHAPES, SQUARE, SUFFIX, USE, from_nothing, names, natives
from plugins.built import BuildOnce, BuiltProjectMaker
from plugins.projects import InvokeRunner, ProjectMaker, python
from test_nox import pythons  # noqa: F401 - a fixture

from buildkit.config import load
from buildkit.flows.compile import compile_modules
from buildkit.flows.wheel import build_wheel
from buildkit.report.console import Console

pytest.importorskip("mypyc", reason="mypy is not installed")

pytestmark = pytest.mark.usefixtures("compiler")


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


def test_an_edited_body_compiles_one_library(
    built_project: BuiltProjectMaker, invoke: InvokeRunner, build_once: BuildOnce
) -> None:
    root = built_project(PROJECT)
    before = {path: path.stat().st_ino for path in (root / "src").rglob(f"*{SUFFIX}")}
    (root / "src/app/shapes.py").write_text(SHAPES.replace("0.0", "1.0"))

    ran = invoke(root, "compile", "--json")

    assert ran.outcomes() == {"app.plain": "fresh", "app.shapes": "compiled", "app.square": "fresh"}
    assert ran.reason("app.shapes") == "source changed: app/shapes.py"
    assert ran.reason("app.square") == "its C came out the same"
    written = {path.name for path, inode in before.items() if path.stat().st_ino != inode}
    assert written == {f"shapes__mypyc{SUFFIX}"}
    assert natives(root) == from_nothing(root, build_once)


def test_edits_end_like_a_build_from_nothing(
    built_project: BuiltProjectMaker, invoke: InvokeRunner, build_once: BuildOnce
) -> None:
    root = built_project(PROJECT)
    app = root / "src/app"
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
        assert natives(root) == from_nothing(root, build_once), what
    (app / "extra.py").unlink()
    (app / "plain.py").rename(app / "renamed.py")

    ran = invoke(root, "compile", "--json")

    assert ran.outcomes()["app.extra"] == ran.outcomes()["app.plain"] == "removed"
    assert natives(root) == from_nothing(root, build_once)


def test_a_release_has_one_library(
    built_project: BuiltProjectMaker, invoke: InvokeRunner, build_once: BuildOnce
) -> None:
    root = built_project(PROJECT)

    ran = invoke(root, "compile", "--profile", "release", "--json")

    assert ran.outcomes() == dict.fromkeys(("app.plain", "app.shapes", "app.square", "app__mypyc"), "compiled")
    assert names(root) == {"app/plain", "app/shapes", "app/square", "app__mypyc"}
    assert python(root, USE) == "8 square 9 .so"
    (root / "src/app/plain.py").unlink()

    ran = invoke(root, "compile", "--profile", "release", "--json")

    assert ran.outcomes()["app.plain"] == "removed"
    assert ran.outcomes()["app.shapes"] == "fresh"
    assert natives(root) == from_nothing(root, build_once, "--profile", "release")

    ran = invoke(root, "compile", "--json")

    assert ran.outcomes()["app__mypyc"] == "removed"
    assert names(root) == {"app/shapes", "app/square", "app/shapes__mypyc", "app/square__mypyc"}


def test_another_backend_takes_the_library_along(built_project: BuiltProjectMaker, invoke: InvokeRunner) -> None:
    root = built_project(PROJECT)
    (root / "pyproject.toml").write_text(f'{SETTINGS}[tool.buildkit.compile.module."app.plain"]\nbackend = "cython"\n')

    ran = invoke(root, "compile", "--json")

    assert ran.outcomes() == {"app.plain": "compiled", "app.shapes": "fresh", "app.square": "fresh"}
    assert "app/plain" in names(root)
    assert "app/plain__mypyc" not in names(root)
    (root / "pyproject.toml").write_text(SETTINGS.replace("mypyc", "none"))
    assert invoke(root, "compile").exit_code == 0
    assert names(root) == set()


def test_another_clone_starts_no_tool(built_project: BuiltProjectMaker, invoke: InvokeRunner, tmp_path: Path) -> None:
    root = built_project(PROJECT)
    clone = tmp_path / "elsewhere" / "deeper"
    shutil.copytree(root, clone, ignore=shutil.ignore_patterns("*.so", ".buildkit"))

    ran = invoke(clone, "compile", "--json")

    assert ran.json["counts"] == {"restored": 3}
    assert ran.started == ()
    assert natives(clone) == natives(root)


def test_a_packed_store_restores_them(built_project: BuiltProjectMaker, invoke: InvokeRunner, tmp_path: Path) -> None:
    root = built_project(PROJECT)
    archive = str(tmp_path / "archive.tgz")
    assert invoke(root, "cache.pack", archive).exit_code == 0
    other = {"PYBUILDKIT_CACHE_DIR": str(tmp_path / "other")}
    assert invoke(root, "compile", "--clean").exit_code == 0
    assert names(root) == set()
    assert invoke(root, "cache.unpack", archive, **other).exit_code == 0

    ran = invoke(root, "compile", "--json", **other)

    assert ran.json["counts"] == {"restored": 3}, ran.stderr
    assert not any("mypyc.worker" in command for command in ran.started)


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
