"""Walks Cython's tree of a module, as it is right after it was parsed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

_LATE = {"LambdaNode": ("args", "star_arg", "starstar_arg", "result_expr"), "GeneratorExpressionNode": ("loop",)}
"""What these nodes have below them before Cython has made a function of each."""


def children(node: Any) -> Iterator[Any]:
    """Yield the nodes right below one."""
    for name in _LATE.get(kind(node)) or node.child_attrs or ():
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


def replace(node: Any, by: Callable[[Any], Any]) -> Any:
    """Return what `by` gives for a node; below it, put what `by` gives for each node in its place.

    Args:
        node: the top.
        by: returns a node, which may be the same; it is asked from the top down, and not about what is below a new one.
    """
    new = by(node)
    if new is not node:
        return new
    for name in _LATE.get(kind(node)) or node.child_attrs or ():
        child = getattr(node, name, None)
        if isinstance(child, list):
            setattr(node, name, [_replaced(each, by) for each in child])
        elif child is not None:
            setattr(node, name, _replaced(child, by))
    return node


def _replaced(child: Any, by: Callable[[Any], Any]) -> Any:
    if isinstance(child, tuple):
        return tuple(replace(part, by) if hasattr(part, "child_attrs") else part for part in child)
    return replace(child, by)


def kind(node: Any) -> str:
    """Return what Cython calls this kind of node."""
    return type(node).__name__


_SIMPLE = frozenset(
    "NameNode NoneNode BoolNode IntNode FloatNode ImagNode UnicodeNode IdentifierStringNode BytesNode EllipsisNode "
    "FreeVariable".split()
)


def is_simple(node: Any) -> bool:
    """Return whether it makes no difference when the node is evaluated: it is a name or a literal."""
    if kind(node) in ("AsObject", "Checked"):
        return is_simple(node.arg)
    return kind(node) in _SIMPLE or (kind(node) == "UnaryMinusNode" and is_simple(node.operand))
