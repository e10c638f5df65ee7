"""`del x` of a name without a value raises.

Cython passes by a local that surely has none, and has another error for the module's names.
"""

from __future__ import annotations

from typing import Any

from Cython.Compiler import ExprNodes, Nodes

from buildkit.compile.sameness.calls import Checked
from buildkit.compile.sameness.tree import kind, within


def keep_deletions(body: Any) -> None:
    """Let each name in a function's body be read before it is deleted, which raises if it has no value.

    Args:
        body: Cython's tree of it, just parsed; it is changed.
    """
    for node in [*within(body)]:
        if kind(node) == "StatListNode":
            node.stats = [part for each in node.stats for part in _parts(each)]
        for name in ("body", "else_clause", "finally_clause"):
            if kind(getattr(node, name, None)) == "DelStatNode":
                deletion = getattr(node, name)
                setattr(node, name, Nodes.StatListNode(deletion.pos, stats=_parts(deletion)))


def _parts(statement: Any) -> list[Any]:
    if kind(statement) != "DelStatNode":
        return [statement]
    parts: list[Any] = []
    for target in _targets(statement.args):
        if kind(target) == "NameNode" and not statement.ignore_nonexisting:
            read = Checked(target.pos, ExprNodes.NameNode(target.pos, name=target.name), "")
            parts.append(Nodes.ExprStatNode(target.pos, expr=read))
        parts.append(Nodes.DelStatNode(statement.pos, args=[target], ignore_nonexisting=statement.ignore_nonexisting))
    return parts


def _targets(args: list[Any]) -> list[Any]:
    found: list[Any] = []
    for each in args:
        found += _targets(each.args) if kind(each) in ("TupleNode", "ListNode") else [each]
    return found
