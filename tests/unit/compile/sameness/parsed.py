"""Small texts as Cython's tree, for the tests of this folder."""

from __future__ import annotations

from typing import Any

from Cython.Compiler import Nodes
from Cython.Compiler.TreeFragment import parse_from_strings

from buildkit.compile.sameness.tree import kind, within


def module(text: str) -> Any:
    """Return the tree of a module."""
    return parse_from_strings("module", text)  # type: ignore[no-untyped-call]


def body(*statements: str) -> Any:
    """Return the body of a function with these statements."""
    tree = module("def function(x, y):\n" + "".join(f"    {each}\n" for each in statements))
    found = next(node for node in within(tree.body) if kind(node) == "DefNode").body
    return Nodes.StatListNode(found.pos, stats=[found])  # type: ignore[no-untyped-call]


def kinds(node: Any) -> list[str]:
    """Return what a node and all below it are called."""
    return [kind(each) for each in within(node)]


def one(node: Any, name: str) -> Any:
    """Return the one node of a kind."""
    (found,) = [each for each in within(node) if kind(each) == name]
    return found
