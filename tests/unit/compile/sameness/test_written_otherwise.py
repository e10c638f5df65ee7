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


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("x[*y]", "x[(*y,)]"),
        ("x[*y,]", "x[(*y,)]"),
        ("x[1, *y] = x()[*y, 2]", "x[(1, *y)] = x()[(*y, 2)]"),
        ("x[*y[*z]]", "x[(*y[(*z,)],)]"),
        ("x[\n  *y,  # a\n  z  # b\n]", "x[\n  (*y,  # a\n  z)  # b\n]"),
        ("'é'[*y]", "'é'[(*y,)]"),
        ("x[y := 1]", "x[(y := 1)]"),
        ("x[y := 1, *z]", "x[((y := 1), *z)]"),
        ("{y := 1, 2, z := x[w := 3]}", "{(y := 1), 2, (z := x[(w := 3)])}"),
        ("{y := z for z in x if (w := z)}", "{(y := z) for z in x if (w := z)}"),
        ("{(lambda: 1): x[y := lambda: 2]}", "{(lambda: 1): x[(y := lambda: 2)]}"),
    ],
)
def test_what_lacks_parentheses_in_brackets_gets_them(written: str, read: str) -> None:
    assert for_cython(f"if x: {written}\n") == f"if x: {read}\n"


@pytest.mark.parametrize(
    "line",
    [
        "[*x], [1, *x], (*x, 1), {*x}, f(*x, **x), {**x}",
        "[y := 1], (y := 1), f(y := 1), [y := z for z in x]",
        "x[(y := 1)], x[1:2, 3], x[*y, 1:2], x[y * z, -1]",
        "f'{x[*y]=} {x[y := 1]}', '''x[*y]\n\f\t'''",
        "print(x[1:lambda: 2])",
        "return [*x]",
        "for x in [*y]: pass",
    ],
)
def test_other_brackets_stay(line: str) -> None:
    assert for_cython(f"def f(x):\n    {line}\n") == f"def f(x):\n    {line}\n"


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("if x:\n\f    y\n", "if x:\n    y\n"),
        ("if x:\n  \f    y\n\f\n", "if x:\n    y\n\f\n"),
        ("if x:\n\f    '''\n\f  z'''\n", "if x:\n    '''\n\f  z'''\n"),
        ("\fif x:\n    (y,\n\f z)\n", "if x:\n    (y,\n\f z)\n"),
        ("if x:\n\ty\nif z:\n    y\n", "if x:\n        y\nif z:\n    y\n"),
        ("if x:\n  \ty\n  \tz\n", "if x:\n        y\n        z\n"),
    ],
)
def test_blanks_are_those_that_python_counts(written: str, read: str) -> None:
    assert for_cython(written) == read


def test_a_module_that_has_tabs_alone_stays() -> None:
    text = "if x:\n\ty\n\tif z:\n\t\ty\n"
    assert for_cython(text) == text


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("(x): int", "_an_; int"),
        ("if y: ((x)) : lambda a=1: {a: 2}; z", "if y: _an_; lambda a=1: {a: 2}; z"),
        ("(x): int = 3", "(x): int = 3"),
        ("(x.y): int; (x[0]): int; (x, y)", "(x.y): int; (x[0]): int; (x, y)"),
        ("if (x): (y)", "if (x): (y)"),
        ("z = {1: (x), (x): 2}[(x):]; lambda: (x)", "z = {1: (x), (x): 2}[(x):]; lambda: (x)"),
    ],
)
def test_an_annotated_name_in_parentheses_is_not_bound(written: str, read: str) -> None:
    assert for_cython(f"def f():\n    {written}\n") == f"def f():\n    {read}\n"
