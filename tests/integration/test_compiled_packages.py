"""A package whose `__init__` is a .pyx: an extension makes the folder a package."""

from __future__ import annotations

import os
import sys
import zipfile
from pathlib import Path

import pytest
from native import SUFFIX, clone
from plugins.built import BuiltProjectMaker
from plugins.projects import InvokeRunner, ProjectMaker, python

from buildkit.config import load
from buildkit.flows.wheel import build_wheel
from buildkit.report.console import Console

pytestmark = pytest.mark.usefixtures("compiler")

PACKAGES = {
    "pyproject.toml": '[project]\nname = "app"\nversion = "1"\n[tool.buildkit]\n',
    "src/app/__init__.pyx": '"""Both."""\nfrom app.plain import ONE\nfrom . import fast\n\ncdef int _three = 3\n\n'
    "def three():\n    return _three\n",
    "src/app/plain.py": "ONE = 1\n",
    "src/app/fast/__init__.pyx": "from app.fast.core import core\n\nVALUE = core()\n",
    "src/app/fast/core.pyx": "def core():\n    return 5\n",
    "src/app/slow/__init__.py": "SLOW = 2\n",
}
_ALL = "import app; from app.slow import SLOW; print(app.three(), app.ONE, app.fast.VALUE, SLOW, app.__doc__)"


@pytest.mark.parametrize("profile", ["dev", "release"])
def test_a_package_is_compiled_and_imported_as_one(project: ProjectMaker, invoke: InvokeRunner, profile: str) -> None:
    root = project(PACKAGES)

    ran = invoke(root, "compile", "--json", "--profile", profile)

    assert ran.exit_code == 0, ran.stderr
    assert ran.outcomes() == dict.fromkeys(("app", "app.plain", "app.fast", "app.fast.core"), "compiled")
    assert python(root, _ALL) == "3 1 5 2 Both."
    asked = "import app.fast as f, os; print(f.__package__, f.__path__ == [os.path.dirname(f.__file__)])"
    assert python(root, asked) == "app.fast True"
    assert invoke(root, "compile", "--json", "--profile", profile).started == ()


def test_its_record_holds_and_it_goes_with_its_source(built_project: BuiltProjectMaker, invoke: InvokeRunner) -> None:
    root = built_project(PACKAGES)
    extension = root / f"src/app/fast/__init__{SUFFIX}"
    assert extension.exists()
    (root / "src/app/fast/__init__.pyx").write_text("VALUE = 6\n")
    edited = invoke(root, "compile", "--json")
    assert python(root, _ALL) == "3 1 6 2 Both."
    (root / "src/app/fast/__init__.pyx").rename(root / "src/app/fast/__init__.py")

    ran = invoke(root, "compile", "--json")

    assert "damaged" not in edited.stderr
    assert (edited.reason("app.fast"), edited.outcomes()["app"]) == ("source changed: app/fast/__init__.pyx", "fresh")
    assert ran.outcomes()["app.fast"] == "removed"
    assert not extension.exists()
    assert python(root, _ALL) == "3 1 6 2 Both."


def test_a_lost_record_and_a_fresh_clone_know_it_too(
    built_project: BuiltProjectMaker, invoke: InvokeRunner, tmp_path: Path
) -> None:
    root = built_project(PACKAGES)
    packed = invoke(root, "cache.pack", "cache.gz", "--json")
    other = clone(root, tmp_path / "clone")
    for state in (root / ".buildkit").glob("state*"):
        state.unlink()
    (root / "src/app/fast/__init__.pyx").rename(root / "src/app/fast/__init__.py")

    ran = invoke(root, "compile", "--json")

    assert packed.json["counts"] == {"packed": 1}, "nothing is lacking"
    assert ran.outcomes()["app.fast"] == "removed"
    assert {*invoke(other, "compile", "--json").outcomes().values()} == {"restored"}


def test_it_may_be_excluded_and_have_settings(project: ProjectMaker, invoke: InvokeRunner) -> None:
    settings = PACKAGES["pyproject.toml"] + 'exclude = ["app/fast/__init__.pyx"]\n'
    table = '[tool.buildkit.compile.module."app"]\ndefine-macros = { SET = 9 }\n'
    text = PACKAGES["src/app/__init__.pyx"].replace(
        "from . import fast\n", "cdef extern from *:\n    int SET\n\nNINE = SET\n"
    )
    root = project(
        {
            **PACKAGES,
            "pyproject.toml": settings + table,
            "src/app/__init__.pyx": text,
        }
    )

    ran = invoke(root, "compile", "--json", "--explain")

    assert ran.exit_code == 0, ran.stderr
    assert (ran.outcomes()["app.fast"], ran.reason("app.fast")) == ("kept", "excluded: app/fast/__init__.pyx")
    assert python(root, "import app; print(app.NINE)") == "9"


def test_a_wheel_has_it_though_a_backend_knows_no_such_package(project: ProjectMaker, tmp_path: Path) -> None:
    backend = '[build-system]\nrequires = ["setuptools"]\nbuild-backend = "setuptools.build_meta"\n'
    found = '[tool.setuptools]\npackages = ["app", "app.slow"]\npackage-dir = { "" = "src" }\n'
    root = project({**PACKAGES, "pyproject.toml": f"{backend}{found}{PACKAGES['pyproject.toml']}"})
    config = load(root, os.environ)

    wheel = build_wheel(config, Console(os.environ), os.environ, python=Path(sys.executable), folder=tmp_path / "wheel")

    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "installed/src")
    assert python(tmp_path / "installed", _ALL) == "3 1 5 2 Both."


def test_clean_takes_it_away(built_project: BuiltProjectMaker, invoke: InvokeRunner) -> None:
    root = built_project(PACKAGES)

    assert invoke(root, "compile", "--clean").exit_code == 0

    assert [*root.rglob(f"*{SUFFIX}")] == []
