"""What Cython would read as something else is written otherwise before it reads it."""

from __future__ import annotations

import pytest

from buildkit.compile.sameness.written import for_cython


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("except A, B:", "except (A, B):"),
        ("except A,B :", "except (A,B) :"),
        ("except a.A, b(1, 2)[3], C: pass", "except (a.A, b(1, 2)[3], C): pass"),
        ("except* A, B:", "except* (A, B):"),
        ("except *A, B:", "except *(A, B):"),
        ("except (A), B:", "except ((A), B):"),
        ("except (A, B), C:", "except ((A, B), C):"),
        ("except A, \\\n        B:  # A, B", "except (A, \\\n        B):  # A, B"),
        ("except A \\\n        , B:", "except (A \\\n        , B):"),
        ("except {1: 2}[1], B:", "except ({1: 2}[1], B):"),
        ("except é.ä, B:", "except (é.ä, B):"),
    ],
)
def test_several_things_get_their_parentheses(written: str, read: str) -> None:
    text = "def f():\n    try:\n        g(1, 2)\n    {}\n        h()\n"
    assert for_cython(text.format(written)) == text.format(read)


@pytest.mark.parametrize(
    "line",
    [
        "except:",
        "except A:",
        "except A as b: c, d",
        "except (A, B):",
        "except (A, B) as c:",
        "except f(A, B):",
        "except[A, B][0] as c: f(1, 2)",
        "except* (A, B) as c:",
        "except A, B as c:",
        "# except A, B:",
        "'except A, B:'",
        "except A(, B:",
    ],
)
def test_all_else_stays(line: str) -> None:
    text = f"try:\n    g()\n{line}\n    h()\n"
    assert for_cython(text) == text


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("def f[T](x: T): pass\n", "def f   (x: T): pass\n"),
        ("async def f[T: (int, str)](x): pass\n", "async def f               (x): pass\n"),
        ("class C[T, *Ts, **P](B[T]): pass\n", "class C             (B[T]): pass\n"),
        ("class C[\n    A,  # why\n]: pass\n", "class C \\\n             \\\n : pass\n"),
        ("type X = int\n", "_ty_;X = int\n"),
        ("type X[T] = list[T]\n", "_ty_;X    = list[T]\n"),
        ("if x: type  X = int\n", "if x: _ty_; X = int\n"),
    ],
)
def test_type_parameters_are_blank_and_no_line_moves(written: str, read: str) -> None:
    assert for_cython(written) == read


@pytest.mark.parametrize(
    "text",
    [
        "type = 3\n",
        "type[x] = 3\n",
        "x = type\n",
        "print(type)\n",
        "a.type = [1]\n",
        "'''\nclass C[T]: pass\n'''\n",
        "def f(): pass\n",
        "class C: pass\nf = lambda type: type in [1, 2]\n",
        "f = lambda type: type\\\n or [5, 6][0]\n",
        "{1: type if [0] else 5}\n",
        "x[1:type if [1] else 2]\n",
        "type in [1]\n",
        "type is [1]\n",
    ],
)
def test_what_only_looks_like_it_stays(text: str) -> None:
    assert for_cython(text) == text


def test_a_module_of_cythons_meaning_keeps_its_parameters() -> None:
    text = "class C[T]: pass\n"
    assert for_cython(text, is_generic=False) == text
