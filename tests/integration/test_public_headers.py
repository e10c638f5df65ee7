"""Headers that a module declares for others (`cdef api`, `cdef public`): beside it, and inputs of who includes them."""

from __future__ import annotations

import os
import shutil
import sys
import zipfile
from pathlib import Path

import pytest
from native import SUFFIX, clone, compiled
from plugins.built import BuiltProjectMaker
from plugins.projects import APP, InvokeRunner, ProjectMaker, python

from buildkit.config import load
from buildkit.flows.wheel import build_wheel
from buildkit.report.console import Console

pytestmark = pytest.mark.usefixtures("compiler")

_USE = '#include "a_api.h"\nstatic int use(void) { return import_app__a() < 0 ? -1 : (int) twice(21); }\n'
_PROJECT = {
    "pyproject.toml": APP,
    "src/app/__init__.py": "",
    "src/app/a.pyx": "cdef api int twice(int x):\n    return 2 * x\n",
    "src/app/use.h": _USE,
    "src/app/b.pyx": 'cdef extern from "use.h":\n    int use() except -1\n\ndef go():\n    return use()\n',
    "src/app/c.pyx": "cdef class Point:\n    cdef public int x\n",
}
_GO = "import app.b; print(app.b.go())"


@pytest.mark.parametrize("profile", ["dev", "release"])
def test_a_header_is_there_before_its_user_is_compiled(
    project: ProjectMaker, invoke: InvokeRunner, profile: str
) -> None:
    root = project(_PROJECT)

    ran = invoke(root, "compile", "--json", "--profile", profile)

    assert ran.exit_code == 0, ran.stderr
    assert python(root, _GO) == "42"
    assert sorted(path.name for path in (root / "src/app").glob("*.h")) == ["a_api.h", "use.h"]
    assert invoke(root, "compile", "--json", "--profile", profile).started == ()


def test_a_header_that_changes_makes_who_includes_it(built_project: BuiltProjectMaker, invoke: InvokeRunner) -> None:
    root = built_project(_PROJECT)
    source = root / "src/app/a.pyx"
    source.write_text("cdef api int twice(int x):\n    return 3 * x\n")
    inside = invoke(root, "compile", "--json")
    tripled = python(root, _GO)
    source.write_text("cdef api double twice(double x):\n    return 4 * x\n")
    outside = invoke(root, "compile", "--json")

    assert inside.outcomes() == {"app.a": "compiled", "app.b": "fresh", "app.c": "fresh"}
    assert outside.outcomes() == {"app.a": "compiled", "app.b": "compiled", "app.c": "fresh"}
    assert outside.reason("app.b") == "source changed: app/a_api.h"
    assert (tripled, python(root, _GO)) == ("63", "84")


def test_a_header_goes_with_its_module_and_its_users_are_told(
    built_project: BuiltProjectMaker, invoke: InvokeRunner
) -> None:
    root = built_project(_PROJECT)
    (root / "src/app/a.pyx").unlink()

    ran = invoke(root, "compile", "--json")

    assert (ran.exit_code, ran.outcomes()) == (10, {"app.a": "removed", "app.b": "failed", "app.c": "fresh"})
    assert "a_api.h: No such file or directory" in ran.stderr
    assert not (root / "src/app/a_api.h").exists()


def test_a_module_that_declares_no_more_loses_its_header(
    built_project: BuiltProjectMaker, invoke: InvokeRunner
) -> None:
    root = built_project(_PROJECT)
    (root / "src/app/a.pyx").write_text("cdef int twice(int x):\n    return 2 * x\n")

    ran = invoke(root, "compile", "--json")

    assert ran.outcomes() == {"app.a": "compiled", "app.b": "failed", "app.c": "fresh"}
    assert not (root / "src/app/a_api.h").exists()


def test_clean_takes_headers_away_and_no_other(built_project: BuiltProjectMaker, invoke: InvokeRunner) -> None:
    root = built_project(_PROJECT)

    assert invoke(root, "compile", "--clean").exit_code == 0

    assert sorted(path.name for path in (root / "src/app").iterdir()) == [
        "__init__.py",
        "a.pyx",
        "b.pyx",
        "c.pyx",
        "use.h",
    ]


def test_a_header_that_was_harmed_is_put_back(built_project: BuiltProjectMaker, invoke: InvokeRunner) -> None:
    root = built_project(_PROJECT)
    header = root / "src/app/a_api.h"
    whole = header.read_text()
    header.unlink()

    ran = invoke(root, "compile", "--json")

    assert ran.outcomes() == {"app.a": "restored", "app.b": "fresh", "app.c": "fresh"}
    assert ran.reason("app.a") == "output missing: app/a_api.h"
    assert header.read_text() == whole


def test_a_file_of_the_users_is_left_and_named(project: ProjectMaker, invoke: InvokeRunner) -> None:
    root = project({**_PROJECT, "src/app/a_api.h": "/* mine */\n"})

    ran = invoke(root, "compile", "--json")

    assert ran.exit_code == 10
    assert ran.outcomes()["app.a"] == "failed"
    assert (
        "app/a.pyx: app/a_api.h is to be written, and a file is there that was not made by invoke compile" in ran.stderr
    )
    assert "hint: give yours another name; where it is what Cython once wrote, delete it" in ran.stderr
    assert (root / "src/app/a_api.h").read_text() == "/* mine */\n"
    (root / "src/app/a_api.h").unlink()
    assert invoke(root, "compile", "--json").exit_code == 0
    assert python(root, _GO) == "42"


def test_modules_may_use_each_others_headers(project: ProjectMaker, invoke: InvokeRunner) -> None:
    def module(own: str, other: str) -> str:
        return (
            f'cdef extern from "{other}_api.h":\n    int import_app__{other}() except -1\n    int of_{other}()\n\n'
            f"cdef api int of_{own}() noexcept:\n    return 7\n\n"
            f"def go():\n    import_app__{other}()\n    return of_{other}()\n"
        )

    modules = {"src/app/p.pyx": module("p", "q"), "src/app/q.pyx": module("q", "p")}
    root = project({"pyproject.toml": APP, "src/app/__init__.py": "", **modules})

    ran = invoke(root, "compile", "--json")

    assert ran.exit_code == 0, ran.stderr
    assert python(root, "import app.p, app.q; print(app.p.go(), app.q.go())") == "7 7"


def test_a_public_function_of_a_package_and_of_an_included_file_is_declared(
    project: ProjectMaker, invoke: InvokeRunner
) -> None:
    root = project(
        {
            "pyproject.toml": APP,
            "src/app/__init__.pyx": 'include "parts.pxi"\n',
            "src/app/parts.pxi": "cdef api int one():\n    return 1\n",
            "src/app/user.pyx": 'cdef extern from "app_api.h":\n'
            "    int import_app() except -1\n    int one() except? -1\n\n"
            "def go():\n    import_app()\n    return one()\n",
        }
    )

    ran = invoke(root, "compile", "--json")

    assert ran.exit_code == 0, ran.stderr
    assert python(root, "import app.user; print(app.user.go())") == "1"
    assert (root / "src/app/app_api.h").exists()
    assert invoke(root, "compile", "--json").started == ()


def test_a_fresh_clone_restores_header_and_user(
    built_project: BuiltProjectMaker, invoke: InvokeRunner, tmp_path: Path
) -> None:
    root = built_project(_PROJECT)
    packed = invoke(root, "cache.pack", "cache.gz", "--json")
    shutil.rmtree(os.environ["PYBUILDKIT_CACHE_DIR"])
    other = clone(root, tmp_path / "clone")
    (other / "src/app/a_api.h").unlink()
    invoke(other, "cache.unpack", "cache.gz")

    ran = invoke(other, "compile", "--json")

    assert packed.json["counts"] == {"packed": 1}
    assert {*ran.outcomes().values()} == {"restored"}
    assert compiled(ran) == []
    assert python(other, _GO) == "42"


def test_a_lost_record_does_not_leave_a_header_behind(built_project: BuiltProjectMaker, invoke: InvokeRunner) -> None:
    root = built_project(_PROJECT)
    for state in (root / ".buildkit").glob("state*"):
        state.unlink()
    (root / "src/app/a.pyx").unlink()

    ran = invoke(root, "compile", "--json")

    assert ran.outcomes()["app.a"] == "removed"
    assert not (root / "src/app/a_api.h").exists()


def test_a_wheel_is_made_of_the_headers_as_they_are_now(built_project: BuiltProjectMaker, tmp_path: Path) -> None:
    backend = '[build-system]\nrequires = ["setuptools"]\nbuild-backend = "setuptools.build_meta"\n'
    settings = APP.replace('name = "app"\n', 'name = "app"\nversion = "1"\n', 1)
    root = built_project({**_PROJECT, "pyproject.toml": f"{backend}{settings}"})
    (root / "src/app/a.pyx").write_text("cdef api double twice(double x):\n    return 4 * x\n")

    wheel = build_wheel(
        load(root, os.environ), Console(os.environ), os.environ, python=Path(sys.executable), folder=tmp_path / "wheel"
    )

    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "installed/src")
    assert python(tmp_path / "installed", _GO) == "84"
    assert (tmp_path / f"installed/src/app/a{SUFFIX}").exists()
