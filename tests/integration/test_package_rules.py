"""Which modules are compiled, which stay Python and why, whatever they are called."""

from __future__ import annotations

import pytest
from packages import compiled, extensions, files
from plugins.built import BuiltProjectMaker
from plugins.projects import InvokeRunner, ProjectMaker, python

pytestmark = pytest.mark.usefixtures("compiler")


# ------------------------------------------------------------------ which modules


def test_packages_of_a_namespace_are_compiled_and_declare_to_each_other(
    project: ProjectMaker, invoke: InvokeRunner
) -> None:
    """`ns` itself has no `__init__.py`: it belongs to several distributions, so it is named with its packages."""
    root = project(
        files(
            {
                "ns/app/__init__.py": "",
                "ns/app/shared.pxd": "cdef inline int double(int number):\n    return 2 * number\n",
                "ns/app/near.pyx": "from .shared cimport double\ndef twice(int number):\n    return double(number)\n",
                "ns/lib/far.pyx": "from ns.app cimport shared\ndef twice(int x):\n    return shared.double(x)\n",
                "ns/lib/deep/plain.py": "def where():\n    return __name__\n",
                "ns/other/__init__.py": "",
                "ns/other/not_named.py": "",
            },
            'packages = ["ns.app", "ns.lib"]\n',
        )
    )

    assert set(compiled(invoke(root, "compile", "--json"))) == {"ns.app.near", "ns.lib.far", "ns.lib.deep.plain"}

    code = "import ns.app.near as n, ns.lib.far as f, ns.lib.deep.plain as p; print(n.twice(2), f.twice(3), p.where())"
    assert python(root, code) == "4 6 ns.lib.deep.plain"
    assert invoke(root, "compile", "--json").json["counts"] == {"fresh": 3}


def test_what_stays_python_is_listed_with_its_reason(project: ProjectMaker, invoke: InvokeRunner) -> None:
    root = project(
        files(
            {
                "app/__init__.py": "",
                "app/__main__.py": "print('main')\n",
                "app/fast.py": "",
                "app/slow.py": "",
                "app/asked.py": "",
            },
            'exclude = ["app/slow.py"]\n[tool.buildkit.compile.module."app.asked"]\nbackend = "none"\n',
        )
    )

    ran = invoke(root, "compile", "--json", "--explain")

    assert ran.json["counts"] == {"compiled": 1, "kept": 3}
    assert ran.reason("app.__main__") == "python -m needs its code object"
    assert ran.reason("app.slow") == "excluded: app/slow.py"
    assert ran.reason("app.asked") == "backend none"
    assert "app.slow  (excluded: app/slow.py)" in ran.stderr
    assert extensions(root) == ["app/fast"]


def test_directives_and_flags_of_one_module_are_its_own(project: ProjectMaker, invoke: InvokeRunner) -> None:
    divide = "def divide(int one, int other):\n    return one / other\n"
    root = project(
        files(
            {"app/__init__.py": "", "app/c.pyx": divide, "app/python.pyx": divide},
            '[tool.buildkit.compile.module."app.c"]\ndirectives = { cdivision = true }\n',
        )
    )
    invoke(root, "compile")
    assert python(root, "import app.c, app.python; print(app.c.divide(-1, 2), app.python.divide(-1, 2))") == "0 -0.5"

    settings = (root / "pyproject.toml").read_text().replace("cdivision", "wraparound")
    (root / "pyproject.toml").write_text(settings)
    ran = invoke(root, "compile", "--json")

    assert ran.outcomes() == {"app.c": "compiled", "app.python": "fresh"}
    assert ran.reason("app.c") == "setting changed: directives"


def test_stubs_and_the_mark_of_types_are_not_touched(project: ProjectMaker, invoke: InvokeRunner) -> None:
    root = project(
        files(
            {
                "app/__init__.py": "",
                "app/py.typed": "",
                "app/fast.py": "def one():\n    return 1\n",
                "app/fast.pyi": "def one() -> int: ...\n",
            }
        )
    )
    beside = [root / "src/app/py.typed", root / "src/app/fast.pyi"]
    before = [file.stat() for file in beside]

    assert set(compiled(invoke(root, "compile", "--json"))) == {"app.fast"}
    invoke(root, "compile", "--clean")

    assert [file.stat().st_mtime_ns for file in beside] == [about.st_mtime_ns for about in before]
    assert [file.stat().st_ino for file in beside] == [about.st_ino for about in before]


def test_annotations_do_not_change_what_a_module_does(project: ProjectMaker, invoke: InvokeRunner) -> None:
    """Cython by itself takes `int` and `str` for exact types, and a float's annotation for a conversion."""
    text = """\
class Text(str):
    pass

def same(value: str) -> int:
    whole: float = value
    return whole

def count(number: int) -> float:
    return number

class Point:
    x: int = 0
    def __init__(self, x: int) -> None:
        self.x = x
"""
    root = project(files({"app/__init__.py": "", "app/plain.py": text}))
    code = (
        "import app.plain as p; t = p.Text('a'); "
        "print(p.same(t) is t, p.same(None), p.count('no'), p.count(True), p.count(10**30), p.Point('x').x, "
        "p.same.__annotations__, p.Point.__annotations__)"
    )
    expected = python(root, code)

    compiled(invoke(root, "compile", "--json"))

    assert python(root, "import app.plain; print(app.plain.__file__)").endswith(".so")
    found = python(root, code)
    assert found.partition("{")[0] == expected.partition("{")[0] == f"True None no True {10**30} x "


def test_names_that_nothing_defines_are_looked_up_when_they_are_used(
    project: ProjectMaker, invoke: InvokeRunner
) -> None:
    """As `_` after `gettext.install`, or a global that is set from outside. In a `.pyx` it stays an error."""
    text = """globals()["late"] = 5

def answer():
    return late, _("word")

def wrong():
    try:
        return missing
    except NameError as error:
        return str(error)
"""
    root = project(
        files({"app/__init__.py": "", "app/plain.py": text, "app/fast.pyx": "def answer():\n    return missing\n"})
    )
    code = "import gettext; gettext.install('app'); import app.plain as p; print(p.answer(), p.wrong())"
    expected = python(root, code)

    done = invoke(root, "compile", "--json")

    assert (done.exit_code, done.outcomes()) == (10, {"app.plain": "compiled", "app.fast": "failed"})
    assert "undeclared name not builtin: missing" in done.stderr
    assert python(root, "import app.plain; print(app.plain.__file__)").endswith(".so")
    assert python(root, code) == expected == "(5, 'word') name 'missing' is not defined"


def test_of_a_py_and_a_pyx_the_pyx_is_compiled_until_it_goes(project: ProjectMaker, invoke: InvokeRunner) -> None:
    root = project(files({"app/__init__.py": "", "app/a.py": "KIND = 'py'\n", "app/a.pyx": "KIND = 'pyx'\n"}))
    show = "import app.a; print(app.a.KIND)"

    invoke(root, "compile")
    assert python(root, show) == "pyx"
    invoke(root, "compile", PYBUILDKIT_COMPILE="off")
    assert python(root, show) == "py"
    invoke(root, "compile")
    (root / "src/app/a.pyx").unlink()

    assert compiled(invoke(root, "compile", "--json")) == {"app.a": "compiled"}
    assert python(root, show) == "py"


def test_a_rename_that_changes_case_alone_moves_the_extension(
    built_project: BuiltProjectMaker, invoke: InvokeRunner
) -> None:
    root = built_project(files({"app/__init__.py": "", "app/Name.py": "NAME = __name__\n"}))
    (root / "src/app/Name.py").rename(root / "src/app/name.py")

    assert invoke(root, "compile", "--json").outcomes() == {"app.name": "compiled", "app.Name": "removed"}

    assert extensions(root) == ["app/name"]
    assert python(root, "import app.name; print(app.name.NAME)") == "app.name"


def test_modules_of_one_stem_do_not_get_into_each_others_way(project: ProjectMaker, invoke: InvokeRunner) -> None:
    """Two have the same text too: their C differs by the module's full name."""
    texts = {"a": "X = 'one'\n", "b": "X = 'other'\n", "c": "X = 'one'\n"}
    root = project(files({f"app/{name}/same.py": text for name, text in texts.items()}, 'packages = ["app"]\n'))

    assert len(compiled(invoke(root, "compile", "--json"))) == 3

    code = "import app.a.same as a, app.b.same as b, app.c.same as c; print(a.X, b.X, c.X, c.__name__)"
    assert python(root, code) == "one other one app.c.same"


# ------------------------------------------------------------------ names that mean something elsewhere


def test_modules_may_be_named_as_those_of_others(project: ProjectMaker, invoke: InvokeRunner) -> None:
    """As the standard library's, Cython's, and the suite's own: nothing here may stand in for those."""
    names = ["types", "json", "buildkit", "Cython", "re"]
    packages = {f"{name}/__init__.py": "" for name in names}
    modules = {f"{name}/abc.py": "NUMBER = 1\n" for name in names}
    inside = {f"app/{name}.py": "NUMBER = 2\n" for name in (*names, "cython", "app")}
    root = project(files({**packages, **modules, **inside, "app/__init__.py": "", "app/io.pyx": "NUMBER = 2\n"}))

    found = compiled(invoke(root, "compile", "--json"))

    assert set(found) == {f"{name}.abc" for name in names} | {f"app.{name}" for name in (*names, "cython", "app", "io")}
    assert python(root, "import app.types, app.io, app.re; print(app.types.NUMBER, app.io.NUMBER)") == "2 2"
    assert set(invoke(root, "compile", "--json").outcomes().values()) == {"fresh"}


def test_names_may_have_any_letters(project: ProjectMaker, invoke: InvokeRunner) -> None:
    root = project(files({"größe/__init__.py": "", "größe/länge.py": "def maß():\n    return 'ä'\n"}))

    assert compiled(invoke(root, "compile", "--json")) == {"größe.länge": "compiled"}
    assert python(root, "import größe.länge as l; print(ascii(l.maß()), l.__file__[-3:])") == "'\\xe4' .so"
    (root / "src/größe/länge.py").write_text("def maß():\n    return 'ö'\n")
    assert invoke(root, "compile", "--json").reason("größe.länge") == "source changed: größe/länge.py"
    (root / "src/größe/länge.py").unlink()
    assert invoke(root, "compile", "--json").outcomes() == {"größe.länge": "removed"}
