"""What an extension needs and nothing has: found when it is linked, not when it is imported; and what helps."""

from __future__ import annotations

import subprocess

import pytest
from native import PROJECT, SUFFIX
from plugins.projects import APP, InvokeRunner, ProjectMaker, Ran, python

pytestmark = pytest.mark.usefixtures("compiler")

_FAR = 'cdef extern from *:\n    "int far(int);"\n    int far(int)\n\ndef call(int number):\n    return far(number)\n'
_PROFILES = pytest.mark.parametrize("profile", ["dev", "release"])


_ELSEWHERE = 'flags = ["-Wl,--unresolved-symbols=ignore-all"]'


def _flat(ran: Ran) -> str:
    """What was said, as words alone."""
    return " ".join(ran.stderr.split())


def _table(module: str, line: str) -> str:
    return f'[tool.buildkit.compile.module."{module}"]\n{line}\n'


@_PROFILES
def test_a_symbol_that_nothing_has_is_named_with_its_module(
    project: ProjectMaker, invoke: InvokeRunner, profile: str
) -> None:
    root = project({**PROJECT, "src/app/far.pyx": _FAR, "vendor/far.c": "int far(int n) { return n + 1; }\n"})

    ran = invoke(root, "compile", "--json", "--profile", profile)

    assert ran.exit_code == 10
    assert ran.outcomes() == {"app.far": "failed", "app.user": "compiled"}
    assert "app/far.pyx: undefined symbol: far: nothing that app.far is linked with has it" in ran.stderr
    assert 'hint: say where it comes from, in pyproject.toml: [tool.buildkit.compile.module."app.far"]' in _flat(ran)
    assert not (root / f"src/app/far{SUFFIX}").exists()
    with (root / "pyproject.toml").open("a") as file:
        file.write(_table("app.far", 'sources = ["vendor/far.c"]'))
    assert invoke(root, "compile", "--profile", profile).exit_code == 0, "what the hint says helps"
    assert python(root, "import app.far; print(app.far.call(1))") == "2"


def test_a_name_of_cpp_is_told_apart(project: ProjectMaker, invoke: InvokeRunner) -> None:
    root = project(
        {
            "pyproject.toml": APP + _table("app.far", 'sources = ["vendor/far.cpp"]'),
            "src/app/__init__.py": "",
            "src/app/far.pyx": _FAR,
            "vendor/far.cpp": "int far(int n) { return n + 1; }\n",
        }
    )

    ran = invoke(root, "compile", "--json")

    assert ran.exit_code == 10
    assert "undefined symbol: far" in ran.stderr
    assert 'language = "c++"     # where that is C++' in ran.stderr
    settings = root / "pyproject.toml"
    settings.write_text(f'{settings.read_text()}language = "c++"\n')
    assert invoke(root, "compile").exit_code == 0
    assert python(root, "import app.far; print(app.far.call(1))") == "2"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "from libcpp.vector cimport vector\ndef f(list x):\n    cdef vector[int] v = x\n    return v.size()\n",
            "ios: No such file or directory",
        ),
        (
            'cdef extern from "<cmath>" namespace "std":\n    double cbrt(double)\ndef f(x): return cbrt(len(x))\n',
            "cmath: No such file or directory",
        ),
        ("from libcpp cimport bool\ndef f(bool x): return x\n", "unknown type name"),
        (
            "cdef extern from *:\n    cdef cppclass T:\n        T()\ndef f():\n    cdef T* t = new T()\n",
            "Operation only allowed in c++",
        ),
    ],
)
@_PROFILES
def test_cpp_that_is_compiled_as_c_has_the_lines_to_paste(
    project: ProjectMaker, invoke: InvokeRunner, profile: str, text: str, words: str
) -> None:
    root = project({**PROJECT, "src/app/plus.pyx": text})

    ran = invoke(root, "compile", "--profile", profile, LANG="C")

    assert ran.exit_code == 10
    assert words in ran.stderr
    table = '[tool.buildkit.compile.module."app.plus"] language = "c++"'
    assert f"hint: if it is C++, say so, in pyproject.toml: {table}" in _flat(ran)


def test_a_declaration_that_is_nowhere_has_a_hint(project: ProjectMaker, invoke: InvokeRunner) -> None:
    root = project({**PROJECT, "src/app/needs.pyx": "from liba.core cimport twice\ndef f(): return twice(1)\n"})

    ran = invoke(root, "compile")

    assert ran.exit_code == 10
    assert "'liba/core.pxd' not found" in ran.stderr
    assert "hint: install what has liba/core.pxd in this Python" in ran.stderr
    assert 'include = ["…"]      # the folder in which liba/ lies' in ran.stderr


# ------------------------------------------------------------------ what is no fault


@_PROFILES
def test_symbols_of_libraries_and_of_the_interpreter_are_there(
    project: ProjectMaker, invoke: InvokeRunner, profile: str
) -> None:
    text = "from libc.math cimport cbrt\nfrom cpython.dict cimport PyDict_Size\nfrom posix.unistd cimport getpid\n"
    root = project(
        {
            **PROJECT,
            "src/app/calls.pyx": f"{text}\ndef f(): return cbrt(8), PyDict_Size({{}}), getpid() > 0\n",
            "src/app/plus.pyx": "# distutils: language = c++\nfrom libcpp.string cimport string\n"
            "def f(): return <bytes> string(b'x')\n",
        }
    )

    ran = invoke(root, "compile", "--profile", profile)

    assert ran.exit_code == 0, ran.stderr
    assert python(root, "import app.calls, app.plus; print(app.calls.f(), app.plus.f())") == "(2.0, 0, True) b'x'"


def test_a_library_that_lies_elsewhere_when_the_service_runs_is_no_fault(
    project: ProjectMaker, invoke: InvokeRunner, compiler: str
) -> None:
    root = project(
        {
            **PROJECT,
            "far.c": "int far(int n) { return n + 1; }\n",
            "src/app/far.pyx": f"# distutils: libraries = far\n# distutils: library_dirs = vendor\n{_FAR}",
        }
    )
    (root / "vendor").mkdir()
    subprocess.run([compiler, "-shared", "-fPIC", "far.c", "-o", "vendor/libfar.so"], cwd=root, check=True)

    ran = invoke(root, "compile")

    assert ran.exit_code == 0, ran.stderr
    tried = "try: import app.far\nexcept ImportError as error: print(error)"
    assert "libfar.so: cannot open shared object file" in python(root, tried), "what the loader says, as ever"


def test_who_loads_the_library_first_says_so(project: ProjectMaker, invoke: InvokeRunner, compiler: str) -> None:
    root = project(
        {
            "pyproject.toml": f"{APP}{_table('app.far', _ELSEWHERE)}",
            "far.c": "int far(int n) { return n + 1; }\n",
            "src/app/__init__.py": "import ctypes\nctypes.CDLL(__path__[0] + '/libfar.so', mode=ctypes.RTLD_GLOBAL)\n",
            "src/app/far.pyx": _FAR,
        }
    )
    subprocess.run([compiler, "-shared", "-fPIC", "far.c", "-o", "src/app/libfar.so"], cwd=root, check=True)

    ran = invoke(root, "compile", "--profile", "release")

    assert ran.exit_code == 0, ran.stderr
    assert python(root, "import app.far; print(app.far.call(1))") == "2"
