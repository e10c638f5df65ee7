"""C++, and what `# distutils:` lines ask for: languages, further sources, libraries, objects."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from native import PROJECT, SHAPES, SUFFIX, asked, clone, compiled, linked
from plugins.built import BuiltProjectMaker
from plugins.projects import APP, InvokeRunner, ProjectMaker, python

pytestmark = pytest.mark.usefixtures("compiler")


def test_a_class_of_cpp_is_wrapped_with_its_own_sources(project: ProjectMaker, invoke: InvokeRunner) -> None:
    root = project(SHAPES)

    ran = invoke(root, "compile", "--json")

    assert ran.exit_code == 0, ran.stderr
    assert python(root, "from app.shapes import Square; print(Square(3).measures())") == "[9, 12]"
    assert invoke(root, "compile", "--json").outcomes() == {"app.shapes": "fresh"}


def test_an_edited_source_of_cpp_is_compiled_alone(built_project: BuiltProjectMaker, invoke: InvokeRunner) -> None:
    root = built_project(SHAPES)
    source = root / "csrc/area/shape.cpp"
    source.write_text(source.read_text().replace("return", "return 2 *"))

    ran = invoke(root, "compile", "--json")

    assert ran.reason("app.shapes") == "project changed: csrc/area/shape.cpp"
    assert [line.split(" -o ")[0].rsplit(" ", 1)[1] for line in compiled(ran)] == ["csrc/area/shape.cpp"]
    assert (len(linked(ran)), len(ran.started) - len(asked(ran))) == (1, 2)
    assert python(root, "from app.shapes import Square; print(Square(3).measures())") == "[18, 12]"


def test_a_header_beside_the_include_folder_takes_part(built_project: BuiltProjectMaker, invoke: InvokeRunner) -> None:
    root = built_project(SHAPES)
    shadow = (root / "include/shape.h").read_text().replace("int area();", "int area(); int more;")
    (root / "csrc/area/shape.h").write_text(shadow)

    ran = invoke(root, "compile", "--json")

    assert ran.outcomes() == {"app.shapes": "compiled"}
    assert len(compiled(ran)) >= 1


@pytest.mark.parametrize("profile", ["dev", "release"])
def test_cpp_is_the_same_in_every_folder_and_restored_there(
    built_project: BuiltProjectMaker, invoke: InvokeRunner, tmp_path: Path, profile: str
) -> None:
    root = built_project(SHAPES, "--profile", profile)
    other = clone(root, tmp_path / "elsewhere" / "deeper")

    restored = invoke(other, "compile", "--profile", profile, "--json")
    anew = invoke(other, "compile", "--profile", profile, "--json", "--no-cache")

    assert restored.outcomes() == {"app.shapes": "restored"}
    assert anew.outcomes() == {"app.shapes": "compiled"}
    names = [path / f"src/app/shapes{SUFFIX}" for path in (root, other)]
    assert names[0].read_bytes() == names[1].read_bytes()


def test_a_path_in_a_line_is_one_in_the_project_wherever_its_sources_lie(
    built_project: BuiltProjectMaker, invoke: InvokeRunner, tmp_path: Path
) -> None:
    root = built_project(SHAPES)
    flat = tmp_path / "flat"
    for folder in ("include", "csrc"):
        shutil.copytree(root / folder, flat / folder)
    shutil.copytree(root / "src/app", flat / "app")
    (flat / "pyproject.toml").write_text(APP)
    (flat / f"app/shapes{SUFFIX}").unlink()

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
    built_project: BuiltProjectMaker, invoke: InvokeRunner, tmp_path: Path
) -> None:
    root = built_project(
        {**SHAPES, "src/app/limit.h": PROJECT["src/app/limit.h"], "src/app/user.pyx": PROJECT["src/app/user.pyx"]}
    )
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

    assert ran.exit_code == 11
    assert ran.outcomes() == {"app.plus": "failed", "app.user": "compiled"}
    assert "app/plus.pyx: no C++ compiler found" in ran.stderr
    assert "set CXX to its program" in ran.stderr
    assert invoke(root, "compile", "--json").outcomes() == {"app.plus": "compiled", "app.user": "fresh"}
