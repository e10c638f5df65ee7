"""From C to an extension with the real compilers: three actions, C++, what `# distutils:` lines ask for, numpy."""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
import sysconfig
from pathlib import Path

import pytest
from plugins.projects import InvokeRunner, ProjectMaker, Ran, python

SUFFIX = sysconfig.get_config_var("EXT_SUFFIX")

SETTINGS = '[project]\nname = "app"\n[tool.buildkit]\npackages = ["app"]\n'

PROJECT = {
    "pyproject.toml": SETTINGS,
    "src/app/__init__.py": "",
    "src/app/limit.h": "#define LIMIT 7\n",
    "src/app/user.pyx": 'cdef extern from "limit.h":\n    int LIMIT\n\ndef limit():\n    return LIMIT\n',
}

SHAPES = {
    "pyproject.toml": SETTINGS,
    "src/app/__init__.py": "",
    "include/shape.h": """\
        #include <vector>
        struct Shape {
            std::vector<int> sides;
            Shape(int);
            int area();
            int edge();
            virtual ~Shape() {}
        };
        """,
    "csrc/area/shape.cpp": '#include "shape.h"\nint Shape::area() { return sides[0] * sides[1]; }\n',
    "csrc/edge/shape.cpp": '#include "shape.h"\nShape::Shape(int n) : sides(4, n) {}\n'
    "int Shape::edge() { return sides[0] * 4; }\n",
    "src/app/shapes.pyx": """\
# distutils: language = c++
# distutils: include_dirs = include
# distutils: sources = csrc/area/shape.cpp csrc/edge/shape.cpp
from libcpp.vector cimport vector

cdef extern from "shape.h":
    cdef cppclass Shape:
        Shape(int) except +
        int area()
        int edge()

cdef class Square:
    cdef Shape* shape
    def __cinit__(self, int n):
        self.shape = new Shape(n)
    def __dealloc__(self):
        del self.shape
    def measures(self):
        cdef vector[int] found
        found.push_back(self.shape.area())
        found.push_back(self.shape.edge())
        return found
""",
}

pytestmark = pytest.mark.usefixtures("compiler")


def compiled(ran: Ran) -> list[str]:
    """The calls that made an object, without those that see whether a compiler works."""
    return [line for line in ran.started if " -c " in line and "-MD" in line and "probe.c" not in line]


def linked(ran: Ran) -> list[str]:
    """The calls that made an extension, likewise."""
    return [line for line in ran.started if " -shared " in line and "probe.o" not in line]


def asked(ran: Ran) -> list[str]:
    """The calls that made nothing: a driver was asked where it looks and what it runs."""
    return [line for line in ran.started if line.endswith("/dev/null") or " -print-" in line]


def clone(root: Path, place: Path) -> Path:
    shutil.copytree(root, place, ignore=shutil.ignore_patterns(".buildkit", "*.so", "__pycache__"))
    return place


def warm(project: ProjectMaker, invoke: InvokeRunner, *arguments: str, **files: str) -> Path:
    """A project whose machine knows its tools already: only what is compiled starts from here on."""
    root = project({**PROJECT, **files})
    ran = invoke(root, "compile", *arguments)
    assert ran.exit_code == 0, ran.stderr
    return root


# ------------------------------------------------------------------ three actions


def test_a_remark_in_a_header_compiles_and_links_nothing(project: ProjectMaker, invoke: InvokeRunner) -> None:
    root = warm(project, invoke)
    file = root / f"src/app/user{SUFFIX}"
    before = file.stat()
    (root / "src/app/limit.h").write_text("#define LIMIT 7 /* days */\n")

    ran = invoke(root, "compile", "--json")

    assert (len(compiled(ran)), len(linked(ran)), len(ran.started)) == (1, 0, 1)
    assert ran.reason("app.user") == "source changed: app/limit.h"
    assert (file.stat().st_ino, file.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_other_flags_for_the_linker_link_and_compile_nothing(project: ProjectMaker, invoke: InvokeRunner) -> None:
    root = warm(project, invoke, "--profile", "release")

    ran = invoke(root, "compile", "--profile", "release", "--json", LDFLAGS="-Wl,-z,now")

    assert (len(compiled(ran)), len(linked(ran)), len(ran.started) - len(asked(ran))) == (0, 1, 1)
    assert ran.reason("app.user") == "setting changed: link flags"
    again = invoke(root, "compile", "--profile", "release", "--json")
    assert (again.outcomes(), again.started) == ({"app.user": "restored"}, ())


def test_a_restore_needs_the_extension_alone_and_a_link_what_it_links(
    project: ProjectMaker, invoke: InvokeRunner, tmp_path: Path
) -> None:
    root = warm(project, invoke, "--profile", "release")
    for path in Path(os.environ["PYBUILDKIT_CACHE_DIR"]).rglob("*"):
        if path.suffix in {".o", ".z"}:
            path.unlink()
    other = clone(root, tmp_path / "other")
    invoke(other, "compile", "--dry-run", "--profile", "release")

    restored = invoke(other, "compile", "--profile", "release", "--json")
    relinked = invoke(other, "compile", "--profile", "release", "--json", LDFLAGS="-Wl,-z,now")

    assert restored.outcomes() == {"app.user": "restored"}
    assert (compiled(restored), linked(restored)) == ([], [])
    assert relinked.outcomes() == {"app.user": "compiled"}
    assert (len(compiled(relinked)), len(linked(relinked))) == (1, 1)


def test_a_harmed_object_is_made_again(project: ProjectMaker, invoke: InvokeRunner) -> None:
    root = warm(project, invoke, "--profile", "release")
    for path in Path(os.environ["PYBUILDKIT_CACHE_DIR"]).rglob("*.o"):
        path.write_bytes(b"harmed")

    ran = invoke(root, "compile", "--profile", "release", "--json", LDFLAGS="-Wl,-z,now")

    assert ran.exit_code == 0, ran.stderr
    assert "is damaged" in ran.stderr
    assert python(root, "import app.user; print(app.user.limit())") == "7"


def test_what_a_killed_build_left_is_cleared_away(project: ProjectMaker, invoke: InvokeRunner) -> None:
    root = warm(project, invoke)
    left = root / ".buildkit/scratch/tmp1/user.c"
    left.parent.mkdir(parents=True)
    left.touch()
    (root / "src/app/limit.h").write_text("#define LIMIT 8\n")

    invoke(root, "compile")

    assert not list((root / ".buildkit").glob("scratch/*"))


# ------------------------------------------------------------------ what a compiler refuses


def test_a_refusal_of_the_compiler_is_remembered_until_a_header_is_mended(
    project: ProjectMaker, invoke: InvokeRunner
) -> None:
    root = project({**PROJECT, "src/app/limit.h": "#define LIMIT 7\nint broken(;\n"})
    first = invoke(root, "compile")

    again = invoke(root, "compile")
    seen = invoke(root, "compile", "--json")
    (root / "src/app/limit.h").write_text(PROJECT["src/app/limit.h"])
    mended = invoke(root, "compile", "--json")

    assert (first.exit_code, again.exit_code) == (10, 10)
    assert first.stderr.count("broken") == again.stderr.count("broken") > 0
    assert again.started == seen.started == ()
    assert seen.reason("app.user") == "unchanged"
    assert mended.outcomes() == {"app.user": "compiled"}


def test_a_header_that_is_missing_is_looked_for_each_time(
    project: ProjectMaker, invoke: InvokeRunner, tmp_path: Path
) -> None:
    root = project(PROJECT)
    (root / "src/app/limit.h").rename(tmp_path / "limit.h")

    ran = invoke(root, "compile")
    found = invoke(root, "compile", "--json", CFLAGS=f"-I{tmp_path}")

    assert ran.exit_code == 10
    assert "limit.h" in ran.stderr
    assert "hint: name the header's folder in `include` of [tool.buildkit.compile]" in ran.stderr
    assert found.outcomes() == {"app.user": "compiled"}


def test_what_the_small_compiler_lacks_goes_to_the_other_and_is_restored_without_either(
    project: ProjectMaker, invoke: InvokeRunner, tmp_path: Path
) -> None:
    if platform.machine() != "x86_64":
        pytest.skip("the header is one of x86")
    text = 'cdef extern from "immintrin.h":\n    int _mm_popcnt_u32(unsigned int)\n\ndef count(n):\n    return n\n'
    root = project({**PROJECT, "src/app/bits.pyx": text})
    first = invoke(root, "compile", "--json")
    assert first.exit_code == 0, first.stderr

    ran = invoke(clone(root, tmp_path / "clone"), "compile", "--json")

    assert ran.json["counts"] == {"restored": 2}
    assert (compiled(ran), linked(ran)) == ([], [])


def test_a_compiler_that_the_machine_let_down_is_asked_again(
    project: ProjectMaker, invoke: InvokeRunner, tmp_path: Path, compiler: str
) -> None:
    root = warm(project, invoke, "--profile", "release")
    tool = tmp_path / "cc"
    full = 'echo "fatal error: error writing to out.o: No space left on device" >&2; exit 1'
    tool.write_text(f'#!/bin/sh\n[ -e {tmp_path}/full ] && [ "$1" = -c ] && {{ {full}; }}\nexec {compiler} "$@"\n')
    tool.chmod(0o755)
    (tmp_path / "full").touch()
    (root / "src/app/limit.h").write_text("#define LIMIT 9\n")

    failed = invoke(root, "compile", "--profile", "release", CC=str(tool))
    (tmp_path / "full").unlink()
    ran = invoke(root, "compile", "--profile", "release", "--json", CC=str(tool))

    assert failed.exit_code in {10, 11}
    assert "No space left on device" in failed.stderr
    assert ran.outcomes() == {"app.user": "compiled"}


# ------------------------------------------------------------------ C++ and `# distutils:` lines


def test_a_class_of_cpp_is_wrapped_with_its_own_sources(project: ProjectMaker, invoke: InvokeRunner) -> None:
    root = project(SHAPES)

    ran = invoke(root, "compile", "--json")

    assert ran.exit_code == 0, ran.stderr
    assert python(root, "from app.shapes import Square; print(Square(3).measures())") == "[9, 12]"
    assert invoke(root, "compile", "--json").outcomes() == {"app.shapes": "fresh"}


def test_an_edited_source_of_cpp_is_compiled_alone(project: ProjectMaker, invoke: InvokeRunner) -> None:
    root = project(SHAPES)
    invoke(root, "compile")
    source = root / "csrc/area/shape.cpp"
    source.write_text(source.read_text().replace("return", "return 2 *"))

    ran = invoke(root, "compile", "--json")

    assert ran.reason("app.shapes") == "project changed: csrc/area/shape.cpp"
    assert [line.split(" -o ")[0].rsplit(" ", 1)[1] for line in compiled(ran)] == ["csrc/area/shape.cpp"]
    assert (len(linked(ran)), len(ran.started) - len(asked(ran))) == (1, 2)
    assert python(root, "from app.shapes import Square; print(Square(3).measures())") == "[18, 12]"


def test_a_header_beside_the_include_folder_takes_part(project: ProjectMaker, invoke: InvokeRunner) -> None:
    root = project(SHAPES)
    invoke(root, "compile")
    shadow = (root / "include/shape.h").read_text().replace("int area();", "int area(); int more;")
    (root / "csrc/area/shape.h").write_text(shadow)

    ran = invoke(root, "compile", "--json")

    assert ran.outcomes() == {"app.shapes": "compiled"}
    assert len(compiled(ran)) >= 1


@pytest.mark.parametrize("profile", ["dev", "release"])
def test_cpp_is_the_same_in_every_folder_and_restored_there(
    project: ProjectMaker, invoke: InvokeRunner, tmp_path: Path, profile: str
) -> None:
    root = project(SHAPES)
    invoke(root, "compile", "--profile", profile)
    other = clone(root, tmp_path / "elsewhere" / "deeper")

    restored = invoke(other, "compile", "--profile", profile, "--json")
    anew = invoke(other, "compile", "--profile", profile, "--json", "--no-cache")

    assert restored.outcomes() == {"app.shapes": "restored"}
    assert anew.outcomes() == {"app.shapes": "compiled"}
    names = [path / f"src/app/shapes{SUFFIX}" for path in (root, other)]
    assert names[0].read_bytes() == names[1].read_bytes()


def test_a_path_in_a_line_is_one_in_the_project_wherever_its_sources_lie(
    project: ProjectMaker, invoke: InvokeRunner, tmp_path: Path
) -> None:
    root = project(SHAPES)
    flat = tmp_path / "flat"
    for folder in ("include", "csrc"):
        shutil.copytree(root / folder, flat / folder)
    shutil.copytree(root / "src/app", flat / "app")
    (flat / "pyproject.toml").write_text(SETTINGS)
    assert invoke(root, "compile").exit_code == 0

    ran = invoke(flat, "compile", "--json")

    assert ran.exit_code == 0, ran.stderr
    assert (flat / f"app/shapes{SUFFIX}").read_bytes() == (root / f"src/app/shapes{SUFFIX}").read_bytes()


def test_a_declaration_hands_on_its_language_and_libraries(project: ProjectMaker, invoke: InvokeRunner) -> None:
    root = project(
        {
            **PROJECT,
            "src/app/roots.pxd": "# distutils: language = c++\n# distutils: libraries = m\n"
            'cdef extern from "<cmath>" namespace "std":\n    double cbrt(double)\n',
            "src/app/math.pyx": "from app cimport roots\n\ndef third(double n):\n    return roots.cbrt(n)\n",
        }
    )

    ran = invoke(root, "compile", "--json")

    assert ran.exit_code == 0, ran.stderr
    assert python(root, "import app.math; print(round(app.math.third(27), 6))") == "3.0"
    assert any(" -lm " in line for line in linked(ran))
    assert invoke(root, "compile", "--json").started == ()


def test_a_library_of_the_project_is_an_input(
    project: ProjectMaker, invoke: InvokeRunner, tmp_path: Path, compiler: str
) -> None:
    def build(number: int) -> None:
        (tmp_path / "one.c").write_text(f"int one(void) {{ return {number}; }}\n")
        (root / "vendor").mkdir(exist_ok=True)
        subprocess.run([compiler, "-fPIC", "-c", tmp_path / "one.c", "-o", tmp_path / "one.o"], check=True)
        subprocess.run(["ar", "rcs", "vendor/libone.a", tmp_path / "one.o"], cwd=root, check=True)

    root = project(
        {
            **PROJECT,
            "src/app/ask.pyx": "# distutils: libraries = one\n# distutils: library_dirs = vendor\n"
            "cdef extern from *:\n    '''int one(void);'''\n    int one()\n\ndef ask():\n    return one()\n",
        }
    )
    build(1)
    assert invoke(root, "compile").exit_code == 0
    assert python(root, "import app.ask; print(app.ask.ask())") == "1"
    build(2)

    ran = invoke(root, "compile", "--json")

    assert ran.outcomes() == {"app.ask": "compiled", "app.user": "fresh"}
    assert ran.reason("app.ask") == "project changed: vendor/libone.a"
    assert (len(compiled(ran)), len(linked(ran))) == (0, 1)
    assert python(root, "import app.ask; print(app.ask.ask())") == "2"


def test_an_object_that_is_linked_as_it_is_is_an_input(
    project: ProjectMaker, invoke: InvokeRunner, compiler: str
) -> None:
    root = project(
        {
            **PROJECT,
            "vendor/two.c": "int two(void) { return 2; }\n",
            "src/app/ask.pyx": "# distutils: extra_objects = vendor/two.o\n"
            "cdef extern from *:\n    '''int two(void);'''\n    int two()\n\ndef ask():\n    return two()\n",
        }
    )
    make = [compiler, "-fPIC", "-c", "vendor/two.c", "-o", "vendor/two.o"]
    subprocess.run(make, cwd=root, check=True)
    first = invoke(root, "compile")
    assert first.exit_code == 0, first.stderr
    subprocess.run([*make, "-Dtwo(x)=two(x){return 3;} int other(x)"], cwd=root, check=True)

    ran = invoke(root, "compile", "--json")

    assert ran.reason("app.ask") == "project changed: vendor/two.o"
    assert python(root, "import app.ask; print(app.ask.ask())") == "3"


def test_a_further_source_in_c_stays_c_beside_cpp(project: ProjectMaker, invoke: InvokeRunner) -> None:
    root = project(
        {
            **PROJECT,
            "src/app/plain.c": "int new(int class) { return class + 1; }\n",
            "src/app/plus.pyx": "# distutils: language = c++\n# distutils: sources = src/app/plain.c\n"
            "cdef extern from *:\n    '''extern \"C\" int new_(int) __asm__(\"new\");'''\n    int new_(int)\n\n"
            "def more(int n):\n    return new_(n)\n",
        }
    )

    ran = invoke(root, "compile", "--json")

    assert ran.exit_code == 0, ran.stderr
    assert python(root, "import app.plus; print(app.plus.more(1))") == "2"


def test_what_is_packed_of_cpp_is_restored_by_a_fresh_clone(
    project: ProjectMaker, invoke: InvokeRunner, tmp_path: Path
) -> None:
    root = project(
        {**SHAPES, "src/app/limit.h": PROJECT["src/app/limit.h"], "src/app/user.pyx": PROJECT["src/app/user.pyx"]}
    )
    invoke(root, "compile")
    packed = invoke(root, "cache.pack", "cache.gz", "--json")
    shutil.rmtree(os.environ["PYBUILDKIT_CACHE_DIR"])
    other = clone(root, tmp_path / "clone")

    taken = invoke(other, "cache.unpack", "cache.gz", "--json")
    ran = invoke(other, "compile", "--json")

    assert packed.json["counts"] == {"packed": 1}, "nothing is lacking"
    assert (packed.json["blobs"], taken.json["blobs"]) == (2, 2), "extensions alone"
    assert ran.outcomes() == {"app.shapes": "restored", "app.user": "restored"}
    assert (compiled(ran), linked(ran)) == ([], [])


def test_a_source_that_is_not_there_is_named(project: ProjectMaker, invoke: InvokeRunner) -> None:
    root = project({**PROJECT, "src/app/more.pyx": "# distutils: sources = csrc/gone.c\nONE = 1\n"})

    ran = invoke(root, "compile", "--json")

    assert ran.exit_code == 10
    assert ran.outcomes() == {"app.more": "failed", "app.user": "compiled"}
    assert f"app/more.pyx: its further source {root}/csrc/gone.c is not there" in ran.stderr
    assert (
        "hint: paths in `# distutils:` lines are relative to the folder of the project's pyproject.toml" in ran.stderr
    )
    (root / "csrc").mkdir()
    (root / "csrc/gone.c").write_text("int gone;\n")
    assert invoke(root, "compile", "--json").outcomes() == {"app.more": "compiled", "app.user": "fresh"}


def test_without_a_cpp_compiler_the_others_are_made(project: ProjectMaker, invoke: InvokeRunner) -> None:
    root = project({**PROJECT, "src/app/plus.pyx": "# distutils: language = c++\nONE = 1\n"})

    ran = invoke(root, "compile", "--json", CXX="no-such-compiler")

    assert ran.exit_code == 10
    assert ran.outcomes() == {"app.plus": "failed", "app.user": "compiled"}
    assert "app/plus.pyx: no C++ compiler found" in ran.stderr
    assert "set CXX to its program" in ran.stderr
    assert invoke(root, "compile", "--json").outcomes() == {"app.plus": "compiled", "app.user": "fresh"}


# ------------------------------------------------------------------ folders of headers, numpy


def test_folders_of_headers_are_settings(project: ProjectMaker, invoke: InvokeRunner) -> None:
    root = project({**PROJECT, "pyproject.toml": f'{SETTINGS}[tool.buildkit.compile]\ninclude = ["vendor/include"]\n'})
    (root / "vendor/include").mkdir(parents=True)
    (root / "src/app/limit.h").rename(root / "vendor/include/limit.h")
    assert invoke(root, "compile").exit_code == 0
    (root / "vendor/include/limit.h").write_text("#define LIMIT 9\n")

    ran = invoke(root, "compile", "--json")

    assert ran.reason("app.user") == "project changed: vendor/include/limit.h"
    assert python(root, "import app.user; print(app.user.limit())") == "9"


def test_a_folder_of_headers_that_is_not_there_is_said(project: ProjectMaker, invoke: InvokeRunner) -> None:
    text = f'{SETTINGS}[tool.buildkit.compile.module."app.user"]\ninclude = ["vendor"]\n'

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
    first = invoke(root, "compile", PYTHONPATH=str(own_numpy))
    assert first.exit_code == 0, first.stderr
    header = next(own_numpy.rglob("arrayobject.h"))
    header.write_text(f"{header.read_text()}\n#define NEWER 1\n")

    ran = invoke(root, "compile", "--json", PYTHONPATH=str(own_numpy))

    assert ran.outcomes() == {"app.arrays": "compiled", "app.user": "fresh", "app.views": "fresh"}
    assert re.fullmatch(r"site changed: numpy/\S+/arrayobject\.h", ran.reason("app.arrays"))


# ------------------------------------------------------------------ packages of Cython


def test_classes_are_shared_across_modules_by_declarations_and_included_files(
    project: ProjectMaker, invoke: InvokeRunner
) -> None:
    root = project(
        {
            "pyproject.toml": SETTINGS,
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
            "pyproject.toml": SETTINGS,
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
    """Five layers of twelve; each module cimports two of the layer below, as `.pxd` files do of each other."""
    files = {"pyproject.toml": SETTINGS, "src/app/__init__.py": ""}
    users: dict[str, set[str]] = {}
    for layer in range(5):
        for at in range(12):
            name = f"m{layer}_{at}"
            below = [f"m{layer - 1}_{(at + step) % 12}" for step in (0, 5)] if layer else []
            lines = "".join(f"from app cimport {each}\n" for each in below)
            calls = " + ".join([*(f"{each}.value(n)" for each in below), "n"])
            files[f"src/app/{name}.pxd"] = f"{lines}cdef inline long value(long n):\n    return {calls}\n"
            files[f"src/app/{name}.pyx"] = f"{lines}def ask(long n):\n    return value(n)\n"
            for each in below:
                users.setdefault(each, set()).add(name)
    root = project(files)
    first = invoke(root, "compile", "--json")
    assert first.json["counts"] == {"compiled": 60}, first.stderr
    dependants, new = {"m2_3"}, {"m2_3"}
    while new:
        new = {user for name in new for user in users.get(name, ())} - dependants
        dependants |= new
    edited = root / "src/app/m2_3.pxd"
    edited.write_text(edited.read_text().replace("+ n\n", "+ 2 * n\n"))

    ran = invoke(root, "compile", "--json")

    made = {name for name, outcome in ran.outcomes().items() if outcome == "compiled"}
    assert made == {f"app.{name}" for name in dependants}
    assert ran.json["counts"] == {"compiled": len(dependants), "fresh": 60 - len(dependants)}
    assert len(compiled(ran)) == len(dependants) < 20
    assert {ran.reason(name) for name in made} == {"source changed: app/m2_3.pxd"}
