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
            if each is not None:
                yield each
    if kind(node) == "FromImportStatNode":
        yield from (target for _, target in node.items if hasattr(target, "child_attrs"))


def within(node: Any) -> Iterator[Any]:
    """Yield a node and all below it, each before what is below it."""
    left = [node]
    while left:
        each = left.pop()
        yield each
        left += reversed([*children(each)])


def replace_children(node: Any, by: Callable[[Any], Any]) -> Any:
    """Put what `by` gives for each node right below one in its place, and return the one; but for names of imports.

    Args:
        node: the top.
        by: returns a node, which may be the same.
    """
    for name in _LATE.get(kind(node)) or node.child_attrs or ():
        child = getattr(node, name, None)
        if isinstance(child, list):
            setattr(node, name, [by(each) for each in child])
        elif child is not None:
            setattr(node, name, by(child))
    return node


def kind(node: Any) -> str:
    """Return what Cython calls this kind of node."""
    return type(node).__name__


_SIMPLE = frozenset(
    "NameNode NoneNode BoolNode IntNode FloatNode ImagNode UnicodeNode IdentifierStringNode BytesNode EllipsisNode "
    "Variable".split()
)


def is_simple(node: Any) -> bool:
    """Return whether it makes no difference when the node is evaluated: it is a name or a literal."""
    if kind(node) in ("AsObject", "Checked"):
        return is_simple(node.arg)
    return kind(node) in _SIMPLE or (kind(node) == "UnaryMinusNode" and is_simple(node.operand))
