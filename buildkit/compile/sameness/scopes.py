"""Which names a function takes from the functions around it, as Python decides it.

Nothing rests on this alone: where it is not what the function's own bytecode says, the function stays Python.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from buildkit.compile.sameness.tree import children, kind, within

CLASS = "__class__"
"""The name by which a method finds the class in which it stands."""

_TARGETS = {
    "SingleAssignmentNode": "lhs",
    "InPlaceAssignmentNode": "lhs",
    "AssignmentExpressionNode": "lhs",
    "ForInStatNode": "target",
    "AsyncForStatNode": "target",
    "WithStatNode": "target",
    "ExceptClauseNode": "target",
}
_FUNCTIONS = ("DefNode", "LambdaNode")


def free(function: Any, around: Sequence[Any], *, in_class: bool) -> tuple[str, ...]:
    """Return the names that a function takes from around it, sorted.

    Args:
        function: its node.
        around: the nodes of the functions in which it stands, the outermost first.
        in_class: whether a class is around it.
    """
    names = _asked(function) - bound(function)
    declared = {name for node in _own(function) if kind(node) == "GlobalNode" for name in node.names}
    offered = {CLASS} if in_class else set()
    for each in around:
        offered = (offered | bound(each)) - {
            name for node in _own(each) if kind(node) == "GlobalNode" for name in node.names
        }
    return tuple(sorted((names - declared) & offered))


def parameters(function: Any) -> list[str]:
    """Return the names of a function's parameters, with those of `*args` and `**kwargs`."""
    stars = [star for star in (function.star_arg, function.starstar_arg) if star]
    return [*(arg.declarator.name for arg in function.args), *(star.name for star in stars)]


def comprehended(node: Any) -> set[str]:
    """Return the names that comprehensions below a node bind for themselves."""
    loops = (each for top in within(node) if kind(top) == "ComprehensionNode" for each in within(top))
    return {name for each in loops if kind(each) == "ForInStatNode" for name in _names(each.target)}


def _own(function: Any) -> Iterator[Any]:
    """Yield the nodes of a function's own scope: neither of functions and classes in it, nor of comprehensions."""

    def walk(node: Any) -> Iterator[Any]:
        yield node
        if kind(node) in (*_FUNCTIONS, "PyClassDefNode", "ComprehensionNode", "GeneratorExpressionNode"):
            return
        for child in children(node):
            yield from walk(child)

    body = function.body if kind(function) == "DefNode" else function.result_expr
    return walk(body)


def bound(function: Any) -> set[str]:
    """Return the names that a function binds for itself, whether or not it ever comes to it."""
    found = {*parameters(function)}
    elsewhere: set[str] = set()
    for node in _own(function):
        target = getattr(node, _TARGETS.get(kind(node), ""), None)
        if target is not None:
            found |= _names(target)
        elif kind(node) == "CascadedAssignmentNode":
            found |= {name for each in node.lhs_list for name in _names(each)}
        elif kind(node) == "DelStatNode":
            found |= {name for each in node.args for name in _names(each)}
        elif kind(node) == "FromImportStatNode":
            found |= {name for _, each in node.items for name in _names(each)}
        elif kind(node) in ("DefNode", "PyClassDefNode"):
            found.add(node.name)
        elif kind(node) in ("GlobalNode", "NonlocalNode"):
            elsewhere |= {*node.names}
    return found - elsewhere


def _asked(function: Any) -> set[str]:
    body = function.body if kind(function) == "DefNode" else function.result_expr
    names = {node.name for node in within(body) if kind(node) == "NameNode"} - comprehended(body)
    names |= {name for node in within(body) if kind(node) == "NonlocalNode" for name in node.names}
    return names | {CLASS} if "super" in names else names


def _names(target: Any) -> set[str]:
    """Return the names that an assignment to a target binds."""
    if kind(target) == "NameNode":
        return {target.name}
    if kind(target) in ("TupleNode", "ListNode"):
        return {name for each in target.args for name in _names(each)}
    return _names(target.target) if kind(target) == "StarredUnpackingNode" else set()
