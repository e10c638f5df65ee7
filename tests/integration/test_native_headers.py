"""Headers of the project and of numpy, declarations and included files: each is an input of those that use it."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import pytest
from hypothesis import settings
from native import PROJECT, clone, compiled
from plugins.projects import APP, InvokeRunner, ProjectMaker, python

NIGHTLY = settings.get_current_profile_name() == "nightly"

pytestmark = pytest.mark.usefixtures("compiler")


# ------------------------------------------------------------------ folders of headers, numpy


def test_folders_of_headers_are_settings(project: ProjectMaker, invoke: InvokeRunner) -> None:
    root = project({**PROJECT, "pyproject.toml": f'{APP}[tool.buildkit.compile]\ninclude = ["vendor/include"]\n'})
    (root / "vendor/include").mkdir(parents=True)
    (root / "src/app/limit.h").rename(root / "vendor/include/limit.h")
    assert invoke(root, "compile").exit_code == 0
    (root / "vendor/include/limit.h").write_text("#define LIMIT 9\n")

    ran = invoke(root, "compile", "--json")

    assert ran.reason("app.user") == "project changed: vendor/include/limit.h"
    assert python(root, "import app.user; print(app.user.limit())") == "9"


def test_a_folder_of_headers_that_is_not_there_is_said(project: ProjectMaker, invoke: InvokeRunner) -> None:
    text = f'{APP}[tool.buildkit.compile.module."app.user"]\ninclude = ["vendor"]\n'

    ran = invoke(project({**PROJECT, "pyproject.toml": text}), "compile")

    assert ran.exit_code == 2
    assert 'compile.module.app.user.include: there is no folder "vendor"' in ran.stderr


ARRAYS = {
    **PROJECT,
    "src/app/arrays.pyx": """\
cimport numpy as cnp
import numpy as np
cnp.import_array()

def total(cnp.ndarray[double, ndim=1] values):
    cdef double found = 0
    cdef Py_ssize_t at
    for at in range(values.shape[0]):
        found += values[at]
    return found
""",
    "src/app/views.pyx": "def first(double[:] values):\n    return values[0]\n",
}


def test_typed_arrays_find_the_headers_of_numpy(project: ProjectMaker, invoke: InvokeRunner) -> None:
    pytest.importorskip("numpy")
    root = project(ARRAYS)

    ran = invoke(root, "compile", "--json")

    assert ran.exit_code == 0, ran.stderr
    code = "import numpy, app.arrays, app.views; a = numpy.arange(5.0); print(app.arrays.total(a), app.views.first(a))"
    assert python(root, code) == "10.0 0.0"
    assert invoke(root, "compile", "--json").started == ()


@pytest.fixture
def own_numpy(tmp_path: Path) -> Path:
    """A numpy of which a test may change the headers, in front of the installed one."""
    numpy = pytest.importorskip("numpy")
    place = tmp_path / "lib/site-packages"
    installed = Path(numpy.__file__).parent
    for name in ("__init__.py", "__init__.pxd", "__init__.cython-30.pxd", "_core/include", "core/include"):
        source, target = installed / name, place / "numpy" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target)
        elif source.exists():
            shutil.copy(source, target)
    return place


def test_another_numpy_compiles_exactly_what_uses_it(
    project: ProjectMaker, invoke: InvokeRunner, own_numpy: Path
) -> None:
    root = project(ARRAYS)
    path = os.pathsep.join([str(own_numpy), os.environ.get("PYTHONPATH", "")])  # where the suite may be, too
    first = invoke(root, "compile", PYTHONPATH=path)
    assert first.exit_code == 0, first.stderr
    header = next(own_numpy.rglob("arrayobject.h"))
    header.write_text(f"{header.read_text()}\n#define NEWER 1\n")

    ran = invoke(root, "compile", "--json", PYTHONPATH=path)

    assert ran.outcomes() == {"app.arrays": "compiled", "app.user": "fresh", "app.views": "fresh"}
    assert re.fullmatch(r"site changed: numpy/\S+/arrayobject\.h", ran.reason("app.arrays"))


# ------------------------------------------------------------------ packages of Cython


def test_classes_are_shared_across_modules_by_declarations_and_included_files(
    project: ProjectMaker, invoke: InvokeRunner
) -> None:
    root = project(
        {
            "pyproject.toml": APP,
            "src/app/__init__.py": "",
            "src/app/names.pxi": "DEFAULT = 'nobody'\n",
            "src/app/point.pxd": "cdef class Point:\n    cdef public int x, y\n    cpdef int norm(self)\n",
            "src/app/point.pyx": "cdef class Point:\n"
            "    cpdef int norm(self):\n        return self.x * self.x + self.y * self.y\n",
            "src/app/named.pyx": """\
from app.point cimport Point
include "names.pxi"

cdef class Named(Point):
    cdef public str name
    def __init__(self, x, y, name=DEFAULT):
        self.x, self.y, self.name = x, y, name
""",
            "src/app/plain.py": "def word():\n    return 'plain'\n",
        }
    )
    ran = invoke(root, "compile", "--json")
    assert ran.exit_code == 0, ran.stderr
    code = "from app.named import Named; point = Named(3, 4); print(point.norm(), point.name)"
    assert python(root, code) == "25 nobody"
    (root / "src/app/point.pxd").write_text(
        "cdef class Point:\n    cdef public int x, y, z\n    cpdef int norm(self)\n"
    )
    (root / "src/app/names.pxi").write_text("DEFAULT = 'anybody'\n")

    again = invoke(root, "compile", "--json")

    assert again.outcomes() == {"app.named": "compiled", "app.plain": "fresh", "app.point": "compiled"}
    assert python(root, code) == "25 anybody"


def test_a_file_beside_the_source_root_is_an_input_that_clones_share(
    project: ProjectMaker, invoke: InvokeRunner, tmp_path: Path
) -> None:
    root = project(
        {
            "pyproject.toml": APP,
            "shared.pxi": "WORD = 'one'\n",
            "src/app/__init__.py": "",
            "src/app/user.pyx": 'include "../../shared.pxi"\n',
        }
    )
    assert invoke(root, "compile").exit_code == 0

    restored = invoke(clone(root, tmp_path / "elsewhere"), "compile", "--json")
    (root / "shared.pxi").write_text("WORD = 'two'\n")
    ran = invoke(root, "compile", "--json")

    assert restored.outcomes() == {"app.user": "restored"}
    assert ran.reason("app.user") == "project changed: shared.pxi"
    assert python(root, "import app.user; print(app.user.WORD)") == "two"


@pytest.mark.slow
def test_one_declaration_amid_many_modules_makes_exactly_its_dependants(
    project: ProjectMaker, invoke: InvokeRunner
) -> None:
    """Four layers of eight modules, at night five of twelve; one below two layers is edited.

    Each module cimports two of the layer below, as `.pxd` files do of each other.
    """
    files = {"pyproject.toml": APP, "src/app/__init__.py": ""}
    users: dict[str, set[str]] = {}
    layers, width = (5, 12) if NIGHTLY else (4, 8)
    for layer in range(layers):
        for at in range(width):
            name = f"m{layer}_{at}"
            below = [f"m{layer - 1}_{(at + step) % width}" for step in (0, 5)] if layer else []
            lines = "".join(f"from app cimport {each}\n" for each in below)
            calls = " + ".join([*(f"{each}.value(n)" for each in below), "n"])
            files[f"src/app/{name}.pxd"] = f"{lines}cdef inline long value(long n):\n    return {calls}\n"
            files[f"src/app/{name}.pyx"] = f"{lines}def ask(long n):\n    return value(n)\n"
            for each in below:
                users.setdefault(each, set()).add(name)
    root = project(files)
    first = invoke(root, "compile", "--json")
    assert first.json["counts"] == {"compiled": layers * width}, first.stderr
    below_two = f"m{layers - 3}_3"
    dependants, new = {below_two}, {below_two}
    while new:
        new = {user for name in new for user in users.get(name, ())} - dependants
        dependants |= new
    edited = root / f"src/app/{below_two}.pxd"
    edited.write_text(edited.read_text().replace("+ n\n", "+ 2 * n\n"))

    ran = invoke(root, "compile", "--json")

    made = {name for name, outcome in ran.outcomes().items() if outcome == "compiled"}
    assert made == {f"app.{name}" for name in dependants}
    assert ran.json["counts"] == {"compiled": len(dependants), "fresh": layers * width - len(dependants)}
    assert len(compiled(ran)) == len(dependants) < 20
    assert {ran.reason(name) for name in made} == {f"source changed: app/{below_two}.pxd"}
