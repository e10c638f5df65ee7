"""`invoke compile` with the real compilers: what is compiled, what is left, what is said."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from compiled import PROJECT, extension
from plugins.built import BuiltProjectMaker
from plugins.projects import InvokeRunner, ProjectMaker, python

pytestmark = pytest.mark.usefixtures("compiler")


@pytest.mark.usefixtures("all_cores")
def test_modules_become_extensions_that_are_imported(project: ProjectMaker, invoke: InvokeRunner) -> None:
    root = project(PROJECT)

    ran = invoke(root, "compile", "--json")

    assert ran.exit_code == 0, ran.stderr
    assert ran.json["schema"] == "buildkit.compile/1"
    assert ran.outcomes() == {
        "app.fast": "compiled",
        "app.inner.deep": "compiled",
        "app.plain": "compiled",
        "app.__main__": "kept",
    }
    assert ran.json["counts"] == {"compiled": 3, "kept": 1}
    where = python(root, "import app.plain, app.fast; print(app.plain.answer(), app.fast.twice(4), app.plain.__file__)")
    assert where == f"42 8 {extension(root, 'app.plain')}"
    assert python(root, "import runpy; runpy.run_module('app')") == "main"


def test_nothing_changed_starts_no_process(project: ProjectMaker, invoke: InvokeRunner) -> None:
    root = project(PROJECT)
    first = invoke(root, "compile")
    assert first.started

    again = invoke(root, "compile", "--json")

    assert again.json["counts"] == {"fresh": 3, "kept": 1}
    assert again.started == ()


def test_a_touched_tree_starts_no_process(project: ProjectMaker, invoke: InvokeRunner) -> None:
    root = project(PROJECT)
    invoke(root, "compile")
    for file in root.rglob("*"):
        file.touch()

    again = invoke(root, "compile", "--json")

    assert again.json["counts"] == {"fresh": 3, "kept": 1}
    assert again.started == ()


def test_one_edit_compiles_one_module_and_names_it(built_project: BuiltProjectMaker, invoke: InvokeRunner) -> None:
    root = built_project(PROJECT)
    (root / "src/app/plain.py").write_text("def answer() -> int:\n    return 43\n")

    ran = invoke(root, "compile", "--json")

    assert ran.json["counts"] == {"fresh": 2, "compiled": 1, "kept": 1}
    assert ran.reason("app.plain") == "source changed: app/plain.py"
    assert python(root, "import app.plain; print(app.plain.answer())") == "43"


def test_an_edit_of_the_same_size_in_the_same_moment_is_seen(project: ProjectMaker, invoke: InvokeRunner) -> None:
    root = project(PROJECT)
    invoke(root, "compile")
    source = root / "src/app/plain.py"
    before = source.stat()
    source.write_text(source.read_text().replace("41", "51"))
    os.utime(source, ns=(before.st_atime_ns, before.st_mtime_ns))

    ran = invoke(root, "compile", "--json")

    assert ran.outcomes()["app.plain"] == "compiled"
    assert python(root, "import app.plain; print(app.plain.answer())") == "52"


def test_an_edited_declaration_compiles_exactly_its_dependants(
    built_project: BuiltProjectMaker, invoke: InvokeRunner
) -> None:
    """`from app cimport shared` is a form that Cython's own list of dependencies misses."""
    root = built_project(PROJECT)
    (root / "src/app/shared.pxd").write_text("cdef inline int double(int number):\n    return number * 20\n")

    ran = invoke(root, "compile", "--json")

    assert ran.outcomes()["app.fast"] == "compiled"
    assert ran.json["counts"] == {"fresh": 2, "compiled": 1, "kept": 1}
    assert ran.reason("app.fast") == "source changed: app/shared.pxd"
    assert python(root, "import app.fast; print(app.fast.twice(4))") == "80"


FORMS = (
    "from app cimport a",
    "from . cimport a",
    "from .a cimport one",
    "from app.a cimport one",
    "cimport app.b as b, app.a as a",
    "x = 1; cimport app.a",
    "from cython.cimports.app import a",
    "from cython.cimports.app.a import one",
    'include "a.pxi"',
)


@pytest.mark.parametrize("line", FORMS)
def test_every_form_of_dependency_is_recorded(
    built_project: BuiltProjectMaker, invoke: InvokeRunner, line: str
) -> None:
    """Each form stands in a package of its own, with declarations of its own; those of one package are edited."""
    files = {"pyproject.toml": '[project]\nname = "app"\n[tool.buildkit]\n'}
    for at, form in enumerate(FORMS):
        files |= {
            f"src/app{at}/__init__.py": "",
            f"src/app{at}/a.pxi": "ONE = 1\n",
            f"src/app{at}/a.pxd": "cdef inline int one():\n    return 1\n",
            f"src/app{at}/b.pxd": "cdef inline int two():\n    return 2\n",
            f"src/app{at}/user.pyx": f"{form}\n".replace("app", f"app{at}"),
        }
    root = built_project(files)
    package = f"app{FORMS.index(line)}"
    edited = root / "src" / package / ("a.pxi" if "include" in line else "a.pxd")
    edited.write_text(edited.read_text().replace("1\n", "3\n"))

    ran = invoke(root, "compile", "--json")

    others = {f"app{at}.user": "fresh" for at in range(len(FORMS))}
    assert ran.outcomes() == {**others, f"{package}.user": "compiled"}
    assert ran.reason(f"{package}.user") == f"source changed: {package}/{edited.name}"


def test_a_declaration_that_turns_up_beside_a_module_rebuilds_it(
    built_project: BuiltProjectMaker, invoke: InvokeRunner
) -> None:
    root = built_project(PROJECT)
    (root / "src/app/plain.pxd").write_text("cpdef long answer()\n")

    ran = invoke(root, "compile", "--json")

    assert ran.reason("app.plain") == "source appeared: app/plain.pxd"
    assert ran.outcomes()["app.inner.deep"] == "fresh"


def test_a_changed_header_of_the_project_rebuilds_its_user(project: ProjectMaker, invoke: InvokeRunner) -> None:
    root = project(
        {
            "pyproject.toml": '[project]\nname = "app"\n[tool.buildkit]\n',
            "src/app/__init__.py": "",
            "src/app/limit.h": "#define LIMIT 7\n",
            "src/app/user.pyx": 'cdef extern from "limit.h":\n    int LIMIT\n\ndef limit():\n    return LIMIT\n',
        }
    )
    invoke(root, "compile")
    (root / "src/app/limit.h").write_text("#define LIMIT 8\n")

    ran = invoke(root, "compile", "--json")

    assert ran.reason("app.user") == "source changed: app/limit.h"
    assert python(root, "import app.user; print(app.user.limit())") == "8"


def test_a_comment_that_moves_no_line_starts_no_c_compiler(
    built_project: BuiltProjectMaker, invoke: InvokeRunner
) -> None:
    root = built_project(PROJECT)
    built = extension(root, "app.plain").stat()
    source = root / "src/app/plain.py"
    source.write_text(source.read_text() + "# a remark\n")

    ran = invoke(root, "compile", "--json")

    assert ran.outcomes()["app.plain"] == "compiled"
    assert len(ran.started) == 1, "the translator alone"
    after = extension(root, "app.plain").stat()
    assert (after.st_ino, after.st_mtime_ns) == (built.st_ino, built.st_mtime_ns), "an equal extension stays untouched"


def test_a_fresh_clone_takes_all_from_the_store(
    built_project: BuiltProjectMaker, invoke: InvokeRunner, tmp_path: Path
) -> None:
    root = built_project(PROJECT)
    clone = tmp_path / "elsewhere" / "deeper"
    shutil.copytree(root, clone, ignore=shutil.ignore_patterns(".buildkit", "*.so"))

    ran = invoke(clone, "compile", "--json")

    assert ran.json["counts"] == {"restored": 3, "kept": 1}
    assert extension(clone, "app.fast").read_bytes() == extension(root, "app.fast").read_bytes()


def test_there_and_back_again_compiles_nothing(built_project: BuiltProjectMaker, invoke: InvokeRunner) -> None:
    root = built_project(PROJECT)
    source = root / "src/app/plain.py"
    main = source.read_text()
    source.write_text(main.replace("41", "61"))
    invoke(root, "compile")
    source.write_text(main)

    ran = invoke(root, "compile", "--json")

    assert ran.outcomes()["app.plain"] == "restored"
    assert python(root, "import app.plain; print(app.plain.answer())") == "42"


def test_profiles_are_kept_side_by_side(built_project: BuiltProjectMaker, invoke: InvokeRunner) -> None:
    root = built_project(PROJECT, "--profile", "dev")
    release = invoke(root, "compile", "--profile", "release", "--json")
    assert release.json["counts"]["compiled"] == 3

    dev = invoke(root, "compile", "--json")

    assert dev.json["counts"]["restored"] == 3


def test_dry_run_decides_and_leaves_the_disk_alone(project: ProjectMaker, invoke: InvokeRunner) -> None:
    root = project(PROJECT)

    ran = invoke(root, "compile", "--dry-run", "--json")
    dry = invoke(root, "--dry", "compile", "--json")

    assert ran.outcomes()["app.plain"] == dry.outcomes()["app.plain"] == "would-compile"
    assert not list(root.rglob("*.so"))


def test_explain_says_why_for_every_module(built_project: BuiltProjectMaker, invoke: InvokeRunner) -> None:
    root = built_project(PROJECT)
    (root / "src/app/plain.py").write_text("def answer() -> int:\n    return 44\n")

    ran = invoke(root, "compile", "--explain")

    assert "app.plain  (source changed: app/plain.py)" in ran.stderr
    assert "app.fast  (unchanged)" in ran.stderr
    assert "app.__main__  (python -m needs its code object)" in ran.stderr


def test_explain_names_the_packages_with_functions_that_stay_python(
    built_project: BuiltProjectMaker, invoke: InvokeRunner
) -> None:
    root = built_project(PROJECT)
    (root / "src/app/__init__.py").write_text("def one():\n    return lambda: 1\n")
    (root / "src/app/lower").mkdir()
    (root / "src/app/lower/__init__.py").write_text("ONE = 1\n")
    (root / "src/app/lower/more.py").write_text("ONE = 1\n")

    ran, quiet = invoke(root, "compile", "--explain"), invoke(root, "compile")

    assert "app  (its __init__.py stays Python: 2 functions)" in ran.stderr
    assert "app.lower  (" not in ran.stderr
    assert "__init__" not in quiet.stderr
