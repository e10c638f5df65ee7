"""What a `.py` means when it is compiled: what it means to Python, or where the settings say so, to Cython."""

from __future__ import annotations

import pytest
from plugins.built import BuiltProjectMaker
from plugins.projects import APP, InvokeRunner, ProjectMaker, python

pytestmark = pytest.mark.usefixtures("compiler")

_TEXT = """\
from collections import namedtuple

Point = namedtuple("Point", "x")

def halves(number: int):
    total = 0.0
    for _ in range(number):
        total += 0.5
    return total
"""
_PROJECT = {"pyproject.toml": APP, "src/app/__init__.py": "", "src/app/one.py": _TEXT, "src/app/two.py": _TEXT}
_ASK = (
    "import inspect, app.one, app.two\n"
    "for each in app.one, app.two: print(inspect.isfunction(each.halves), each.Point.__module__, each.halves(4))"
)
_PYTHONS = "True app.one 2.0\nTrue app.two 2.0"
_TABLE = '[tool.buildkit.compile.module."app.two"]\n'


def _takes_types(module: str) -> str:
    """A question to which Cython, that takes annotations for types, has another answer."""
    return f"import {module} as m\ntry: m.halves(range)\nexcept TypeError as error: print(error)"


@pytest.mark.parametrize("profile", ["dev", "release"])
def test_a_module_is_compiled_as_cython_alone_would(
    built_project: BuiltProjectMaker, invoke: InvokeRunner, profile: str
) -> None:
    root = built_project(_PROJECT, "--profile", profile)
    assert python(root, _ASK) == _PYTHONS
    settings = root / "pyproject.toml"
    settings.write_text(f'{APP}{_TABLE}semantics = "cython"\n')

    ran = invoke(root, "compile", "--json", "--profile", profile)

    assert ran.outcomes() == {"app.one": "fresh", "app.two": "compiled"}
    assert ran.reason("app.two") == "setting changed: semantics"
    assert python(root, _ASK) == "True app.one 2.0\nFalse importlib._bootstrap 2.0"
    assert "'type' object cannot be interpreted as an integer" in python(root, _takes_types("app.one"))
    assert "(expected int, got type)" in python(root, _takes_types("app.two"))
    settings.write_text(APP)
    back = invoke(root, "compile", "--json", "--profile", profile)
    assert (back.outcomes()["app.two"], back.started) == ("restored", ())
    assert python(root, _ASK) == _PYTHONS


def test_for_all_modules_but_one(project: ProjectMaker, invoke: InvokeRunner) -> None:
    text = f'{APP}[tool.buildkit.compile]\nsemantics = "cython"\n{_TABLE}semantics = "python"\n'
    root = project({**_PROJECT, "pyproject.toml": text})

    ran = invoke(root, "compile", "--json")

    assert ran.exit_code == 0, ran.stderr
    assert python(root, _ASK) == "False importlib._bootstrap 2.0\nTrue app.two 2.0"


def test_what_cython_alone_refuses_is_refused(project: ProjectMaker, invoke: InvokeRunner) -> None:
    text = f'{APP}{_TABLE}semantics = "cython"\n'
    root = project({**_PROJECT, "pyproject.toml": text, "src/app/two.py": "def say():\n    return from_outside()\n"})

    ran = invoke(root, "compile", "--json", "--profile", "release")

    assert ran.exit_code == 10
    assert "undeclared name not builtin: from_outside" in ran.stderr


def test_cpp_of_plain_python_is_refused_until_it_says_what_it_means(
    project: ProjectMaker, invoke: InvokeRunner
) -> None:
    root = project({**_PROJECT, "pyproject.toml": f'{APP}{_TABLE}language = "c++"\n'})

    refused = invoke(root, "compile")
    with (root / "pyproject.toml").open("a") as file:
        file.write('semantics = "cython"\n')
    ran = invoke(root, "compile", "--json")

    assert refused.exit_code == 2
    assert 'app/two.py: `language = "c++"`, and plain Python keeps its meaning in C alone' in refused.stderr
    assert "hint: let it mean what Cython makes of it:" in refused.stderr
    assert ran.exit_code == 0, ran.stderr
    assert python(root, "import app.two; print(app.two.halves(4))") == "2.0"


@pytest.mark.parametrize(
    ("profile", "code", "outcome"), [("dev", 0, "refused"), ("release", 10, "failed")], ids=["dev", "release"]
)
def test_a_comment_that_asks_for_cpp_takes_no_meaning_away(
    project: ProjectMaker, invoke: InvokeRunner, profile: str, code: int, outcome: str
) -> None:
    root = project({**_PROJECT, "src/app/two.py": f"# distutils: language = c++\n{_TEXT}"})

    ran = invoke(root, "compile", "--json", "--profile", profile)
    answer = python(root, _ASK)
    again = invoke(root, "compile", "--json", "--profile", profile)
    with (root / "pyproject.toml").open("a") as file:
        file.write(f'{_TABLE}semantics = "cython"\n')
    meant = invoke(root, "compile", "--json", "--profile", profile)

    assert (ran.exit_code, again.exit_code) == (code, code)
    assert ran.outcomes() == again.outcomes() | {"app.one": "compiled"} == {"app.one": "compiled", "app.two": outcome}
    assert "`# distutils: language = c++`, and plain Python keeps its meaning in C alone" in ran.stderr
    assert answer == _PYTHONS, "as its source"
    assert meant.outcomes() == {"app.one": "fresh", "app.two": "compiled"}, meant.stderr
    assert python(root, "import app.two; print(app.two.halves(4))") == "2.0"


def test_a_comment_that_asks_for_cpp_is_heeded_where_the_module_is_cythons(
    project: ProjectMaker, invoke: InvokeRunner
) -> None:
    root = project({**_PROJECT, "src/app/two.py": f"# distutils: language = c++\nimport cython\n{_TEXT}"})

    ran = invoke(root, "compile", "--json")

    assert ran.outcomes() == {"app.one": "compiled", "app.two": "compiled"}, ran.stderr
    assert python(root, "import app.two; print(app.two.halves(4))") == "2.0"


def test_a_pattern_that_says_cpp_means_what_is_of_cython(project: ProjectMaker, invoke: InvokeRunner) -> None:
    text = f'{APP}[tool.buildkit.compile.module."app.*"]\nlanguage = "c++"\n'
    wrapped = "from libcpp.vector cimport vector\ndef size(list x):\n    cdef vector[int] v = x\n    return v.size()\n"
    root = project({**_PROJECT, "pyproject.toml": text, "src/app/plus.pyx": wrapped})

    ran = invoke(root, "compile")

    assert ran.exit_code == 0, ran.stderr
    assert python(root, f"import app.plus; assert app.plus.size([1]) == 1\n{_ASK}") == _PYTHONS


def test_another_word_is_refused(project: ProjectMaker, invoke: InvokeRunner) -> None:
    root = project({**_PROJECT, "pyproject.toml": f'{APP}[tool.buildkit.compile]\nsemantics = "pyhton"\n'})

    ran = invoke(root, "compile")

    assert ran.exit_code == 2
    assert 'compile.semantics: expected one of "python", "cython"' in ran.stderr
    assert 'did you mean "python"?' in ran.stderr


def test_annotations_of_a_module_that_is_cythons_are_types_as_its_declarations_say(
    project: ProjectMaker, invoke: InvokeRunner
) -> None:
    text = (
        "import cython\n\n@cython.cfunc\ndef twice(n: cython.ulonglong, /) -> cython.ulonglong:\n    return n * 2\n\n"
    )
    files = {
        "src/app/two.py": f"{text}def says(n: float):\n    return cython.typeof(n), twice(3)\n",
        "src/app/two.pxd": "cdef unsigned long long twice(unsigned long long n)\n",
        "src/app/user.pyx": "from app.two cimport twice\ndef four_times(n):\n    return 2 * twice(n)\n",
    }
    root = project({"pyproject.toml": APP, "src/app/__init__.py": "", **files})
    ask = "import app.two, app.user; print(app.two.says(1), app.user.four_times(2))"

    ran = invoke(root, "compile", "--json")
    typed = python(root, ask)
    (root / "src/app/two.pxd").unlink()
    (root / "src/app/user.pyx").unlink()
    (root / "pyproject.toml").write_text(f"{APP}{_TABLE}directives = {{ annotation_typing = false }}\n")
    given = invoke(root, "compile", "--json")

    assert ran.outcomes() == {"app.two": "compiled", "app.user": "compiled"}, ran.stderr
    assert typed == "('double', 6) 8"
    assert given.outcomes()["app.two"] == "compiled", given.stderr
    assert python(root, "import app.two; print(app.two.says(1))") == "('Python object', 6)"
