from __future__ import annotations

import pytest
from parsed import kinds, module

from buildkit.compile.sameness.consuming import consume
from buildkit.compile.sameness.definitions import CONSUMED, GENERATOR
from buildkit.compile.sameness.functions import definitions, why_python
from buildkit.compile.sameness.names import fixed
from buildkit.compile.sameness.scopes import scopes


def left_and_consumed(expression: str, before: str = "") -> tuple[int, int]:
    tree = module(f"{before}\ndef f(x, y):\n    return {expression}\n")
    consume(scopes(tree), fixed(tree))
    return kinds(tree.body).count(GENERATOR), kinds(tree.body).count(CONSUMED)


@pytest.mark.parametrize(
    "expression",
    [
        "any(z for z in x)",
        "all(z > y for z in x if z)",
        "list(z + w for z in x for w in y)",
        "set(z for z in x)",
        "tuple(z for z in x)",
        "sorted(z for z in x)",
        "', '.join(z for z in x)",
        "sum(1 for z in x)",
        "sum(len(z) for z in x if z)",
        "sum(z * w // 2 - 1 for z in range(y) for w in range(z))",
        "sum(not z for z in x)",
        "sum(z == 3 for z in range(y))",
    ],
)
def test_what_is_consumed_at_once_becomes_a_loop(expression: str) -> None:
    assert left_and_consumed(expression) == (0, 1)


@pytest.mark.parametrize("expression", ["set(z for z in x)", "list(z for z in {y})", "any(z for z in str(x))"])
def test_a_function_that_consumes_is_compiled_all_the_same(expression: str) -> None:
    tree = module(f"def f(x, y):\n    return {expression}\n")
    top = scopes(tree)
    consume(top, fixed(tree))

    assert [why_python(each) for each in definitions(top)] == [""]


@pytest.mark.parametrize(
    "expression",
    [
        "(z for z in x)",
        "sum(z for z in x)",
        "sum(z / 2 for z in range(y))",
        "sum(z ** w for z in range(y) for w in range(z))",
        "sum(z for z in range(y) for z in x)",
        "sum(z for z in range(y) for (z, w) in x)",
        "sum(z == 1 for z in x)",
        "sum(y.len(z) for z in x)",
        "sum((z for z in range(y)), 1)",
        "max(z for z in x)",
        "y(z for z in x)",
        "y.join(z for z in x)",
        "any((z for z in x), 1)",
        "any(z for w in x for z in w)",
        "list((lambda: z) for z in x)",
        "any((w := z) for z in x)",
        "[any(z for z in w) for w in x]",
    ],
)
def test_what_others_see_or_would_be_another_thing_stays(expression: str) -> None:
    assert left_and_consumed(expression) == (1, 0)


@pytest.mark.parametrize("before", ["any = print", "from a import any", "def any(x): pass"])
def test_another_function_of_that_name_gets_a_generator(before: str) -> None:
    assert left_and_consumed("any(z for z in x)", before) == (1, 0)


@pytest.mark.parametrize("before", ["range = str", "def len(x):\n    return 0.5\n", "from x import *"])
def test_a_sum_of_what_may_be_another_builtin_stays(before: str) -> None:
    assert left_and_consumed("sum(z + len(x) for z in range(y))", before) == (1, 0)
