"""Walks Cython's tree of a module."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def children(node: Any) -> Iterator[Any]:
    """Yield the nodes right below one."""
    for name in node.child_attrs or ():
        child = getattr(node, name, None)
        for each in child if isinstance(child, list) else [child]:
            if isinstance(each, tuple):  # of `from x import y`: the name and the target
                yield from (part for part in each if hasattr(part, "child_attrs"))
            elif each is not None:
                yield each


def within(node: Any) -> Iterator[Any]:
    """Yield a node and all below it."""
    yield node
    for child in children(node):
        yield from within(child)


def kind(node: Any) -> str:
    """Return what Cython calls this kind of node."""
    return type(node).__name__
