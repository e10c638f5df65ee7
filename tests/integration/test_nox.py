"""Wheels of compiled services with the real compiler, and `nox -s build` on every Python that this machine has."""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from pythons import found_pythons

from buildkit.comparison.imports import DESCRIPTION, Request, imported
from buildkit.config import load
from buildkit.doors.process import run
from buildkit.errors import ConfigurationError
from buildkit.flows.compile import compile_modules
from buildkit.flows.wheel import build_wheel, release
from buildkit.report.console import Console

ProjectMaker = Callable[[Mapping[str, str]], Path]

pytestmark = pytest.mark.usefixtures("compiler")

SAMPLE = {
    "pyproject.toml": """
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "sample"
version = "1.0"

[tool.hatch.build.targets.wheel]
packages = ["src/app"]

[tool.buildkit.nox]
tests = ["python", "tests/check.py"]
""",
    "noxfile.py": "from buildkit.sessions import register\n\nregister()\n",
    "src/app/__init__.py": "",
    "src/app/fast.py": "def next_number(number: int) -> int:\n    return number + 1\n",
    "src/app/plain/__init__.py": "",
    "src/app/plain/names.py": "NAMES = ['one', 'two']\n",
    "src/app/__main__.py": "raise SystemExit('to import this is to run it')\n",
    "tests/check.py": "from app import fast\nassert fast.next_number(1) == 2 and fast.__file__.endswith('.so')\n",
}


@pytest.fixture(scope="session")
def pythons() -> dict[str, Path]:
    """The Pythons of this machine that have headers: on PATH, and those that pyenv keeps."""
    return found_pythons()


def digests(wheel: Path) -> dict[str, str]:
    with zipfile.ZipFile(wheel) as archive:
        return {name: hashlib.sha256(archive.read(name)).hexdigest() for name in archive.namelist()}


def build(root: Path, folder: Path) -> Path:
    config = load(root, os.environ)
    return build_wheel(config, Console(os.environ), os.environ, python=Path(sys.executable), folder=folder)


def test_the_wheel_has_the_extensions_that_compile_puts_beside_the_sources(
    project: ProjectMaker, tmp_path: Path
) -> None:
    root = project(SAMPLE)
    compile_modules(release(load(root, os.environ)), Console(os.environ), os.environ)
    beside = {
        path.relative_to(root / "src").as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in (root / "src").rglob("*.so")
    }

    wheel = build(root, tmp_path / "wheel")

    inside = {name: digest for name, digest in digests(wheel).items() if name.endswith(".so")}
    assert inside == beside
    assert {Path(name).name.partition(".")[0] for name in inside} >= {"fast", "names"}


def test_equal_inputs_give_equal_wheels_in_any_folder(project: ProjectMaker, tmp_path: Path) -> None:
    root = project(SAMPLE)
    first = build(root, tmp_path / "first")
    elsewhere = tmp_path / "another" / "place"
    shutil.copytree(root, elsewhere, ignore=shutil.ignore_patterns(".buildkit", "*.so"))
    os.utime(elsewhere / "src/app/fast.py", (1, 1))

    second = build(elsewhere, tmp_path / "second")

    assert first.name == second.name
    assert first.read_bytes() == second.read_bytes()


def test_a_stale_extension_of_the_checkout_does_not_enter_the_wheel(project: ProjectMaker, tmp_path: Path) -> None:
    root = project({**SAMPLE, "src/app/fast.cpython-39-x86_64-linux-gnu.so": "of another Python"})

    wheel = build(root, tmp_path / "wheel")

    assert not [name for name in digests(wheel) if "cpython-39" in name]


def test_uncompiled_the_wheel_is_the_backends_own(
    project: ProjectMaker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYBUILDKIT_COMPILE", "off")

    wheel = build(project(SAMPLE), tmp_path / "wheel")

    assert wheel.name.endswith("-none-any.whl")


@pytest.mark.slow
def test_nox_builds_and_tests_the_wheel_for_every_python(pythons: dict[str, Path], project: ProjectMaker) -> None:
    root = project(SAMPLE)
    places = os.pathsep.join(dict.fromkeys(str(python.parent) for python in pythons.values()))
    environment = {
        **os.environ,
        "PATH": os.pathsep.join([places, os.environ["PATH"]]),
        "PYBUILDKIT_NOX_PYTHONS": ",".join(pythons),
    }
    environment.pop("PYENV_VERSION", None)

    answer = run([sys.executable, "-m", "nox", "-s", "build"], folder=root, environment=environment, timeout=280)

    assert answer.ok, answer.stdout + answer.stderr
    for version in pythons:
        tag = f"cp{version.replace('.', '')}"
        (wheel,) = (root / ".buildkit" / "wheels" / version).glob(f"sample-1.0-{tag}-{tag}-*.whl")
        assert any(f"cpython-{tag[2:]}" in name for name in digests(wheel))
        assert f"build-{version}: success" in answer.stdout + answer.stderr


OWN_EXTENSION = {
    "pyproject.toml": """
[build-system]
requires = ["setuptools"]
build-backend = "setuptools.build_meta"

[project]
name = "sample"
version = "1.0"

[tool.buildkit]
packages = ["app"]
""",
    "setup.py": """
from setuptools import Extension, setup
setup(packages=["app"], package_dir={"": "src"}, ext_modules=[Extension("app._own", ["src/own.c"])])
""",
    "src/own.c": """
#include <Python.h>
static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, "_own", NULL, -1, NULL};
PyMODINIT_FUNC PyInit__own(void) { return PyModule_Create(&definition); }
""",
    "src/app/__init__.py": "",
    "src/app/fast.py": "from app import _own\n",
}


@pytest.mark.slow
def test_an_extension_of_the_projects_own_is_built_by_the_python_that_the_wheel_is_for(
    pythons: dict[str, Path], project: ProjectMaker, tmp_path: Path
) -> None:
    root = project(OWN_EXTENSION)
    config = load(root, os.environ)
    version, python = next(item for item in pythons.items() if item[0] != f"3.{sys.version_info.minor}")
    tag = f"cp{version.replace('.', '')}"
    folder = tmp_path / "wheels"
    folder.mkdir()
    (folder / f"sample-1.0-cp3{sys.version_info.minor}-cp3{sys.version_info.minor}-linux_x86_64.whl").write_text("old")

    wheel = build_wheel(config, Console(os.environ), os.environ, python=python, folder=folder)

    assert list(tmp_path.rglob("*.whl")) == [wheel]
    assert f"-{tag}-{tag}-" in wheel.name
    natives = [name for name in digests(wheel) if name.endswith(".so")]
    assert len(natives) == 2
    assert all(f"cpython-{tag[2:]}" in name for name in natives)


@pytest.mark.slow
def test_a_wheel_with_an_extension_of_another_python_is_refused_and_nothing_is_left(
    project: ProjectMaker, tmp_path: Path
) -> None:
    root = project({**SAMPLE, "src/app/_own.cpython-39-x86_64-linux-gnu.so": "of another Python"})

    with pytest.raises(ConfigurationError, match=r"_own.cpython-39-x86_64-linux-gnu.so: .* is not for cp3"):
        build(root, tmp_path / "wheel")

    assert list(tmp_path.rglob("*.whl")) == []


def test_what_imports_and_describes_modules_runs_under_every_python(pythons: dict[str, Path], tmp_path: Path) -> None:
    names = ["argparse", "asyncio.events", "dataclasses", "enum", "typing", "nowhere"]
    for version, python in pythons.items():
        request = Request(names, describe=DESCRIPTION, jobs=2)
        found = imported(request, python, folder=tmp_path, scratch=tmp_path / version, environment=os.environ)
        assert [each.failure for each in found.values() if each.module != "nowhere"] == [""] * 5
        assert found["nowhere"].failure == "ModuleNotFoundError: No module named 'nowhere'"
        assert "isfunction" in found["argparse"].facts["ArgumentParser.parse_args"]


LACKING = {
    **SAMPLE,
    "src/app/_windows.py": "import winreg\n",
    "src/app/alembic/env.py": "from alembic import context\nconfig = context.config\n",
    "src/app/test_fast.py": "raise SystemExit('nobody imports a test')\n",
}


@pytest.mark.slow
def test_what_fails_as_plain_python_in_the_same_way_does_not_fail_the_session(project: ProjectMaker) -> None:
    root = project(LACKING)
    environment = {**os.environ, "PYBUILDKIT_NOX_PYTHONS": f"3.{sys.version_info.minor}"}

    answer = run([sys.executable, "-m", "nox", "-s", "build"], folder=root, environment=environment, timeout=280)

    words = answer.stdout + answer.stderr
    assert answer.ok, words
    assert "app._windows: cannot be imported, as plain Python neither: ModuleNotFoundError" in words
    assert "alembic" not in words
    assert "nobody imports a test" not in words


@pytest.mark.slow
def test_what_fails_compiled_alone_fails_the_session(project: ProjectMaker) -> None:
    odd = {"src/app/odd.py": "", "src/app/odd.pyx": "cdef int* nothing = NULL\nnothing[0] = 1\n"}
    root = project({**SAMPLE, **odd})
    environment = {**os.environ, "PYBUILDKIT_NOX_PYTHONS": f"3.{sys.version_info.minor}"}

    answer = run([sys.executable, "-m", "nox", "-s", "build"], folder=root, environment=environment, timeout=280)

    assert answer.exit_code == 1
    assert "app.odd: the import ends the process: SIGSEGV" in answer.stdout + answer.stderr


def test_a_module_that_does_not_compile_fails_the_session_in_words(project: ProjectMaker) -> None:
    root = project({**SAMPLE, "src/app/fast.py": "def broken(:\n"})
    environment = {**os.environ, "PYBUILDKIT_NOX_PYTHONS": f"3.{sys.version_info.minor}"}

    answer = run([sys.executable, "-m", "nox", "-s", "build"], folder=root, environment=environment)

    words = answer.stdout + answer.stderr
    assert answer.exit_code == 1
    assert "modules did not compile" in words
    assert "fast.py:1:" in words
    assert "Traceback" not in words
