"""What a setup.py says of an extension, said in pyproject.toml: language, further sources, libraries, macros."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from native import clone, compiled, linked
from plugins.built import BuiltProjectMaker
from plugins.projects import APP, InvokeRunner, ProjectMaker, python

pytestmark = pytest.mark.usefixtures("compiler")

_FAR = 'cdef extern from "far.h":\n    int far(int)\n\ndef call(int number):\n    return far(number)\n'

WRAPPED = {
    "pyproject.toml": APP
    + '[tool.buildkit.compile.module."app.near"]\n'
    + 'sources = ["vendor/far.c"]\ndefine-macros = { STEP = 1, PLAIN = true }\n'
    + '[tool.buildkit.compile.module."app.inner.*"]\n'
    + 'sources = ["vendor/far.c"]\ndefine-macros = { STEP = 1, PLAIN = "" }\n'
    + '[tool.buildkit.compile.module."app.total"]\nlanguage = "c++"\n',
    "src/app/__init__.py": "",
    "src/app/inner/__init__.py": "",
    "src/far.h": "int far(int);\n",
    "src/app/near.pyx": _FAR,
    "src/app/inner/other.pyx": _FAR,
    "src/app/total.pyx": "from libcpp.vector cimport vector\n\n"
    "def total(list numbers):\n    cdef vector[int] found = numbers\n    return found.size()\n",
    "vendor/step.h": "#define MORE 0\n",
    "vendor/far.c": '#include "step.h"\n#ifdef PLAIN\nint far(int number) { return number + STEP + MORE; }\n#endif\n',
}
"""Modules in two folders that share a source of C, and one that is C++ without saying so."""

_ALL = (
    "import app.near, app.inner.other, app.total as t; print(app.near.call(1), app.inner.other.call(1), t.total([1]))"
)


@pytest.mark.parametrize("profile", ["dev", "release"])
def test_settings_give_a_language_and_a_source_that_is_compiled_once(
    project: ProjectMaker, invoke: InvokeRunner, profile: str
) -> None:
    root = project(WRAPPED)

    ran = invoke(root, "compile", "--json", "--profile", profile)

    assert ran.exit_code == 0, ran.stderr
    assert python(root, _ALL) == "2 2 1"
    assert sum("vendor/far.c" in line for line in compiled(ran)) == 1, "two modules name it with equal macros"
    again = invoke(root, "compile", "--json", "--profile", profile)
    assert ({*again.outcomes().values()}, again.started) == ({"fresh"}, ())


def test_a_shared_source_and_its_header_are_inputs_of_its_users_alone(
    built_project: BuiltProjectMaker, invoke: InvokeRunner
) -> None:
    root = built_project(WRAPPED)
    source, header = root / "vendor/far.c", root / "vendor/step.h"
    source.write_text(source.read_text().replace("number +", "10 * number +"))

    edited = invoke(root, "compile", "--json")
    header.write_text("#define MORE 5\n")
    below = invoke(root, "compile", "--json")

    users = {"app.near": "compiled", "app.inner.other": "compiled", "app.total": "fresh"}
    assert (edited.outcomes(), below.outcomes()) == (users, users)
    assert edited.reason("app.near") == "project changed: vendor/far.c"
    assert below.reason("app.near") == "project changed: vendor/step.h"
    assert [len([line for line in compiled(ran) if ".pyx" not in line]) for ran in (edited, below)] == [1, 1]
    assert python(root, _ALL) == "16 16 1"


@pytest.mark.parametrize(
    ("before", "after", "key", "made"),
    [
        ("STEP = 1, PLAIN = true", "STEP = 2, PLAIN = true", "define-macros", 1),
        ('app.near"]\n', 'app.near"]\nlibraries = ["m"]\n', "libraries", 0),
        ('app.near"]\nsources = [', 'app.near"]\nsources = ["vendor/more.c", ', "sources", 1),
        ('app.near"]\n', 'app.near"]\nlanguage = "c"\n', "language", 0),
    ],
)
def test_a_setting_that_changes_is_named_and_makes_its_module_alone(
    built_project: BuiltProjectMaker, invoke: InvokeRunner, before: str, after: str, key: str, made: int
) -> None:
    root = built_project({**WRAPPED, "vendor/more.c": "int more;\n"}, "--profile", "release")
    settings = root / "pyproject.toml"
    assert settings.read_text().count(before) == 1
    settings.write_text(settings.read_text().replace(before, after))

    ran = invoke(root, "compile", "--json", "--profile", "release")

    others = {"app.inner.other": "fresh", "app.total": "fresh"}
    assert {name: ran.outcomes()[name] for name in others} == others
    assert f"{ran.reason('app.near')} ".startswith((f"setting appeared: {key} ", f"setting changed: {key} "))
    assert len([line for line in compiled(ran) if "vendor/" in line]) == made
    assert any(" -lm " in f"{line} " for line in linked(ran)) == (key == "libraries")


def test_the_language_of_the_settings_wins_and_other_lines_are_added_to(
    project: ProjectMaker, invoke: InvokeRunner
) -> None:
    lines = "# distutils: language = c\n# distutils: sources = vendor/other.c\n# distutils: define_macros = OWN=3\n"
    own = 'cdef extern from *:\n    """extern "C" int other(void); static int own(void) { return OWN; }"""\n'
    root = project(
        {
            **WRAPPED,
            "src/app/total.pyx": f"{lines}{WRAPPED['src/app/total.pyx']}\n{own}"
            "    int other()\n    int own()\n\ndef more():\n    return other() + own()\n",
            "vendor/other.c": "int other(void) { return 7; }\n",
        }
    )

    ran = invoke(root, "compile", "--json")

    assert ran.exit_code == 0, ran.stderr
    assert python(root, "import app.total; print(app.total.total([1, 2]), app.total.more())") == "2 10"


def test_what_is_packed_restores_what_the_settings_made(
    built_project: BuiltProjectMaker, invoke: InvokeRunner, tmp_path: Path
) -> None:
    root = built_project(WRAPPED)
    packed = invoke(root, "cache.pack", "cache.gz", "--json")
    other = clone(root, tmp_path / "clone")

    restored = invoke(other, "compile", "--json")

    assert packed.json["counts"] == {"packed": 1}, "nothing is lacking"
    assert {*restored.outcomes().values()} == {"restored"}
    assert (compiled(restored), linked(restored)) == ([], [])


# ------------------------------------------------------------------ what is refused


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ('sources = ["vendor/gone.c"]', 'compile.module.app.near.sources: there is no file "vendor/gone.c" in '),
        ('sources = ["vendor/*.c"]', "; name each file, since patterns are not followed here"),
        (
            'sources = ["vendor/far.rs"]',
            'expected C and C++ files (.c, .cpp, .cc, .cxx, .c++, .C), not "vendor/far.rs"',
        ),
        ('sources = ["/usr/far.c"]', "expected C and C++ files as paths relative to the project's folder"),
        ('language = "fortran"', 'compile.module.app.near.language: expected one of "c", "c++", found \'fortran\''),
        ('libraries = ["-lm"]', 'expected names of libraries such as "m" or "ssl", without -l'),
        ("define-macros = { A = false }", "expected a text, a number or true for A"),
        ('define-macros = { "1A" = "" }', "expected names of macros, not '1A'"),
        ('sourcse = ["a.c"]', 'unknown key; did you mean "sources"?'),
    ],
)
def test_a_setting_that_cannot_be_is_named(
    built_project: BuiltProjectMaker, invoke: InvokeRunner, lines: str, words: str
) -> None:
    root = built_project(WRAPPED)
    (root / "pyproject.toml").write_text(f'{APP}[tool.buildkit.compile.module."app.near"]\n{lines}\n')

    ran = invoke(root, "compile")

    assert ran.exit_code == 2, ran.stderr
    assert words in ran.stderr
    assert "hint: the reference page lists every key" in ran.stderr
    assert python(root, _ALL) == "2 2 1", "nothing was taken away"


def test_settings_for_a_module_that_is_not_there_are_named(
    built_project: BuiltProjectMaker, invoke: InvokeRunner
) -> None:
    root = built_project(WRAPPED)
    with (root / "pyproject.toml").open("a") as file:
        file.write('[tool.buildkit.compile.module."app.totla"]\nlanguage = "c++"\n')
        file.write('[tool.buildkit.compile.module."lib.*"]\nlanguage = "c++"\n')

    ran = invoke(root, "compile")

    assert ran.exit_code == 2
    assert 'compile.module.app.totla: no module has that name; did you mean "app.total"?' in ran.stderr
    assert "compile.module.lib.*: no module has that name" in ran.stderr
    assert "hint: a module is named as it is imported" in ran.stderr
    assert python(root, _ALL) == "2 2 1"


def test_mypyc_wraps_no_c(project: ProjectMaker, invoke: InvokeRunner) -> None:
    root = project(
        {
            "pyproject.toml": f'{APP}[tool.buildkit.compile.module."app.typed"]\nbackend = "mypyc"\n'
            'sources = ["far.c"]\nlibraries = ["m"]\n',
            "src/app/__init__.py": "",
            "src/app/typed.py": "ONE = 1\n",
            "far.c": "",
        }
    )

    ran = invoke(root, "compile")

    assert ran.exit_code == 2
    assert "app/typed.py: mypyc has no use for `sources`, `libraries`" in ran.stderr
    assert "hint: mypyc wraps no C: take the settings of app.typed away, or let Cython have it:" in ran.stderr


def test_without_a_cpp_compiler_it_says_what_to_install(project: ProjectMaker, invoke: InvokeRunner) -> None:
    root = project(WRAPPED)

    ran = invoke(root, "compile", "--json", CXX="no-such-compiler")

    assert ran.exit_code == 11
    assert ran.outcomes() == {"app.near": "compiled", "app.inner.other": "compiled", "app.total": "failed"}
    assert "app/total.pyx: no C++ compiler found" in ran.stderr
    assert "hint: install one: build-essential (Debian, Ubuntu)" in ran.stderr
    assert invoke(root, "compile", "--json").outcomes()["app.total"] == "compiled"


def test_a_source_that_went_away_is_named_and_comes_back(
    built_project: BuiltProjectMaker, invoke: InvokeRunner, tmp_path: Path
) -> None:
    root = built_project(WRAPPED)
    shutil.move(root / "vendor/far.c", tmp_path / "far.c")

    gone = invoke(root, "compile")
    shutil.move(tmp_path / "far.c", root / "vendor/far.c")

    assert gone.exit_code == 2
    assert 'there is no file "vendor/far.c"' in gone.stderr
    assert {*invoke(root, "compile", "--json").outcomes().values()} == {"fresh"}
