"""Which names Cython may take for builtins: of all others it is told that they are the module's, and are looked up.

Where such a builtin is replaced while the process runs (`mock.patch("builtins.len")`), the functions that use it run as
Python until it is back (`builtins.c`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from Cython.Compiler import PyrexTypes
from Cython.Compiler.StringEncoding import EncodedString

from buildkit.compile.sameness.aside import ANY
from buildkit.compile.sameness.definitions import parts
from buildkit.compile.sameness.tree import children, kind

BUILTINS = frozenset(
    "len isinstance issubclass callable hasattr getattr setattr delattr repr hash id abs "
    "iter next range enumerate zip reversed sorted any all sum min max "
    "bool int str bytes bytearray list tuple dict set frozenset type object slice memoryview".split()
)
"""Builtins that Cython calls in C without a look at the name, where the module does not bind it."""

FUNCTIONS = frozenset(
    "len isinstance issubclass callable hasattr getattr setattr delattr repr hash id abs iter next "
    "sorted any all sum min max".split()
)
"""Those of them that are functions."""


def fixed(module: Any, more: Collection[str] = ()) -> frozenset[str]:
    """Return the builtins that a module does not bind at its level.

    Args:
        module: Cython's tree, still whole.
        more: names that the module binds beside those of the tree.
    """
    bound = {*_bound(module.body, in_function=False), *more}
    return frozenset() if ANY in bound else BUILTINS - bound


def declare(module: Any, fixed: frozenset[str], found: set[str]) -> frozenset[str]:
    """Tell Cython which names in the compiled functions are the module's, and return which are builtins to it.

    Args:
        module: Cython's tree.
        fixed: the builtins that it does not bind.
        found: the names that these functions have.
    """
    for name in found - fixed:
        if module.scope.lookup_here(name) is None:
            module.scope.declare_var(EncodedString(name), PyrexTypes.py_object_type, module.pos)
    return fixed & found


def used(body: Any) -> set[str]:
    """Return the names that a function's body has."""
    return {node.name for node in parts(body) if kind(node) == "NameNode"}


def _bound(node: Any, *, in_function: bool) -> Iterator[str]:
    """Yield the names that a module may bind at its level, `ANY` if it may be any."""
    if kind(node) == "GlobalNode":
        yield from node.names
    elif not in_function and kind(node) in ("DefNode", "PyClassDefNode", "NameNode"):
        yield node.name  # also of a name that is only read: it is then looked up, no more
    elif not in_function and kind(node) == "FromImportStatNode":
        yield from (getattr(target, "name", name) for name, target in node.items)
    elif not in_function and kind(node) == "MatchNode":
        yield ANY
    if not in_function and kind(node) == "DefNode":
        for part in (*(node.decorators or ()), *node.args):
            yield from _bound(part, in_function=in_function)
    in_function = in_function or kind(node) in ("DefNode", "LambdaNode")
    for child in children(node):
        is_of_class = kind(node) == "PyClassDefNode" and child is node.body  # whose names no function sees
        yield from _bound(child, in_function=in_function or is_of_class)
