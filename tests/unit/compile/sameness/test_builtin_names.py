from __future__ import annotations

import pytest
from parsed import module

from buildkit.compile.sameness import names
from buildkit.compile.sameness.functions import definitions
from buildkit.compile.sameness.scopes import scopes


class Scope:
    """As much of Cython's as is asked for."""

    def __init__(self) -> None:
        self.declared: list[str] = []

    def lookup_here(self, name: str) -> str | None:
        return name if name in self.declared else None

    def declare_var(self, name: str, *_: object) -> None:
        self.declared.append(name)


def declared(text: str) -> list[str]:
    tree = module(text)
    tree.scope = Scope()
    names.declare(
        tree, names.fixed(tree), {name for each in definitions(scopes(tree)) for name in names.used(each.body)}
    )
    told: list[str] = sorted(tree.scope.declared)
    return told


def test_a_builtin_that_nobody_binds_is_cythons() -> None:
    assert "len" not in declared("def f(x):\n    return len(x)\n")


def test_a_builtin_outside_of_the_list_is_looked_up() -> None:
    assert "open" in declared("def f(x):\n    return open(x)\n")


@pytest.mark.parametrize(
    "binding",
    [
        "def len(x): pass",
        "from a import len",
        "from a import b as len",
        "len = 1",
        "class len: pass",
        "from a import *",
    ],
)
def test_a_builtin_that_the_module_binds_is_looked_up(binding: str) -> None:
    assert "len" in declared(f"{binding}\ndef f(x):\n    return len(x)\n")


def test_a_builtin_that_a_function_binds_globally_is_looked_up() -> None:
    assert "len" in declared("def f(x):\n    return len(x)\ndef g():\n    global len\n    len = 1\n")


def test_a_builtin_that_only_classes_bind_is_cythons() -> None:
    assert "len" not in declared("class A:\n    def len(x): pass\n    len = 1\ndef f(x):\n    return len(x)\n")


def test_a_builtin_that_the_body_of_a_class_binds_globally_is_looked_up() -> None:
    assert "len" in declared("class A:\n    global len\n    len = 1\ndef f(x):\n    return len(x)\n")


@pytest.mark.parametrize("outside", ["class A(len): pass", "@len\nclass A: pass", "class A(b=(len := 1)): pass"])
def test_a_builtin_in_the_head_of_a_class_is_looked_up(outside: str) -> None:
    assert "len" in declared(f"{outside}\ndef f(x):\n    return len(x)\n")
