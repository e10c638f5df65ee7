"""`cimport` from beside the project: folders of `include`, PYTHONPATH, and what is installed with `pip install -e`."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from native import clone, compiled
from plugins.projects import APP, InvokeRunner, ProjectMaker, Ran, python

import buildkit

pytestmark = pytest.mark.usefixtures("compiler")

_PXD = "cdef inline int twice(int number):\n    return 2 * number\n"
_PROJECT = {
    "pyproject.toml": APP,
    "src/app/__init__.py": "",
    "src/app/use.pyx": "from beside.core cimport twice\n\ndef go(int number):\n    return twice(number)\n",
    "src/app/other.pyx": "def go(int number):\n    return number\n",
    "lib/beside/__init__.py": "",
    "lib/beside/core.pxd": _PXD,
}
_GO = "import app.use; print(app.use.go(4))"


def _by_include(root: Path, _: InvokeRunner) -> Callable[..., Ran]:
    with (root / "pyproject.toml").open("a") as file:
        file.write('[tool.buildkit.compile.module."app.use"]\ninclude = ["lib"]\n')
    return lambda *words, **variables: _(root, "compile", *words, **variables)


def _by_path(root: Path, invoke: InvokeRunner) -> Callable[..., Ran]:
    path = os.pathsep.join(filter(None, (os.environ.get("PYTHONPATH"), str(root / "lib"))))
    return lambda *words, **variables: invoke(root, "compile", *words, **{"PYTHONPATH": path, **variables})


_WAYS = pytest.mark.parametrize("way", [_by_include, _by_path])


@_WAYS
@pytest.mark.parametrize("profile", ["dev", "release"])
def test_declarations_beside_the_project_are_found_and_are_inputs_of_their_users(
    project: ProjectMaker, invoke: InvokeRunner, way: Callable[..., Callable[..., Ran]], profile: str
) -> None:
    root = project(_PROJECT)
    build = way(root, invoke)

    first = build("--json", "--profile", profile)
    assert first.exit_code == 0, first.stderr
    assert python(root, _GO) == "8"
    assert build("--json", "--profile", profile).started == ()
    declared = root / "lib/beside/core.pxd"
    declared.write_text(_PXD.replace("2 *", "3 *"))
    edited = build("--json", "--profile", profile)

    assert edited.outcomes() == {"app.use": "compiled", "app.other": "fresh"}
    name = "project changed: lib/beside/core.pxd" if way is _by_include else "sibling changed: beside/core.pxd"
    assert edited.reason("app.use") == name
    assert python(root, _GO) == "12"
    declared.unlink()
    gone = build("--json", "--profile", profile)
    assert (gone.exit_code, gone.outcomes()) == (10, {"app.use": "failed", "app.other": "fresh"})
    declared.write_text(_PXD)
    assert build("--json", "--profile", profile).outcomes() == {"app.use": "restored", "app.other": "fresh"}


def test_one_that_comes_first_is_taken_and_makes_its_users_anew(
    project: ProjectMaker, invoke: InvokeRunner, tmp_path: Path
) -> None:
    root = project(_PROJECT)
    near = tmp_path / "near"
    path = os.pathsep.join(filter(None, (os.environ.get("PYTHONPATH"), str(near), str(root / "lib"))))
    assert invoke(root, "compile", PYTHONPATH=path).exit_code == 0
    (near / "beside").mkdir(parents=True)
    (near / "beside/__init__.py").touch()
    (near / "beside/core.pxd").write_text(_PXD.replace("2 *", "7 *"))

    ran = invoke(root, "compile", "--json", PYTHONPATH=path)

    assert ran.outcomes() == {"app.use": "compiled", "app.other": "fresh"}
    assert ran.reason("app.use") == "sibling changed: beside/core.pxd"
    assert python(root, _GO) == "28"


def test_one_that_comes_first_and_is_no_package_is_told(
    project: ProjectMaker, invoke: InvokeRunner, tmp_path: Path
) -> None:
    root = project(_PROJECT)
    near = tmp_path / "near/beside/core.pxd"
    near.parent.mkdir(parents=True)
    near.write_text(_PXD.replace("2 *", "7 *"))
    path = os.pathsep.join(filter(None, (os.environ.get("PYTHONPATH"), str(tmp_path / "near"), str(root / "lib"))))

    ran = invoke(root, "compile", "--json", PYTHONPATH=path)

    assert (ran.exit_code, ran.outcomes()) == (10, {"app.use": "failed", "app.other": "compiled"})
    assert f"{root}/lib/beside/core.pxd: {near} has the same name and comes first" in ran.stderr
    assert "hint: let its folder be a package, with an __init__.py, or take one of the two away" in ran.stderr
    shutil.rmtree(tmp_path / "near")
    assert invoke(root, "compile", "--json", PYTHONPATH=path).outcomes()["app.use"] == "compiled"


def test_another_checkout_with_another_sibling_makes_its_own(
    project: ProjectMaker, invoke: InvokeRunner, tmp_path: Path
) -> None:
    root = project(_PROJECT)
    assert _by_path(root, invoke)().exit_code == 0
    same, other = clone(root, tmp_path / "same"), clone(root, tmp_path / "other")
    (other / "lib/beside/core.pxd").write_text(_PXD.replace("2 *", "5 *"))

    ran = _by_path(same, invoke)("--json")
    differs = _by_path(other, invoke)("--json")

    assert (ran.outcomes(), compiled(ran)) == ({"app.use": "restored", "app.other": "restored"}, [])
    assert differs.outcomes() == {"app.use": "compiled", "app.other": "restored"}
    assert [python(each, _GO) for each in (same, other)] == ["8", "20"]


# ------------------------------------------------------------------ editable installs

_FLAT = """\
[build-system]
requires = ["setuptools"]
build-backend = "setuptools.build_meta"
[project]
name = "beside"
version = "1"
[tool.setuptools]
packages = ["beside"]
package-data = { "*" = ["*.pxd"] }
"""
_BELOW = _FLAT.replace("[tool.setuptools]\n", '[tool.setuptools]\npackage-dir = { "" = "src" }\n')


@pytest.fixture
def environment(tmp_path: Path) -> Path:
    """The Python of a virtual environment to install into; it has all that this one has."""
    place = tmp_path / "environment"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", place], check=True, timeout=60)
    site = next(place.glob("lib/python*/site-packages"))
    has = [entry for entry in sys.path if entry.endswith("site-packages")]
    (site / "also.pth").write_text("\n".join([*has, str(Path(buildkit.__file__).parents[1])]))
    return place / "bin/python"


@pytest.mark.parametrize(
    ("settings", "folder", "words"),
    [(_FLAT, "lib", ()), (_BELOW, "lib/src", ()), (_FLAT, "lib", ("--config-settings", "editable_mode=strict"))],
    ids=["finder", "folder", "links"],
)
def test_the_declarations_of_an_editable_install_are_found_and_are_inputs(
    project: ProjectMaker, environment: Path, settings: str, folder: str, words: tuple[str, ...]
) -> None:
    library = {f"{folder}/beside/{name}": _PROJECT[f"lib/beside/{name}"] for name in ("__init__.py", "core.pxd")}
    app = {name: text for name, text in _PROJECT.items() if not name.startswith("lib/")}
    root = project({**app, **library, "lib/pyproject.toml": settings, "tasks.py": "from buildkit.tasks import ns\n"})
    before = _invoke(root, environment)
    pip = [sys.executable, "-m", "pip", f"--python={environment}", "install", "-q", "--no-deps", "--no-build-isolation"]
    subprocess.run([*pip, *words, "-e", "lib"], cwd=root, check=True, timeout=120, capture_output=True)

    found = _invoke(root, environment)
    again = _invoke(root, environment)
    declared = root / folder / "beside/core.pxd"
    declared.write_text(_PXD.replace("2 *", "3 *"))
    edited = _invoke(root, environment)

    assert before.returncode == 10
    assert "hint: install what has beside/core.pxd in this Python, also with pip install -e" in before.stderr
    assert (found.returncode, again.stdout.partition("[")[0]) == (0, "compile: 2 fresh  "), found.stderr
    assert "compiled" in edited.stderr
    assert "app.use  (sibling changed: beside/core.pxd)" in edited.stderr
    assert "app.other" not in edited.stderr
    assert python(root, _GO) == "12"


def _invoke(root: Path, environment: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [environment, "-m", "invoke", "compile"],
        cwd=root,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
    )
