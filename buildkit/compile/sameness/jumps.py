"""Which `finally` clauses Cython does not see control come to, and so takes names in them for what they are not.

A `break`, `continue` or `return` leaves one `finally` after another. Cython follows it to the first of them, a `return`
to the second. In those further out a name had the value that it has without the jump: where it has none, the process
died (SIGSEGV) in place of an `UnboundLocalError`. So the names in them are kept in cells. An `except … as x` has such
a `finally` too, in which `x` is deleted.
"""

from __future__ import annotations

from typing import Any

from buildkit.compile.sameness.tree import children, kind

_LOOPS = ("WhileStatNode", "ForInStatNode")
_OTHERS = ("DefNode", "LambdaNode", "PyClassDefNode", "GeneratorExpressionNode")


def names_passed_by(statement: Any) -> set[str]:
    """Return the names in the `finally` of a `try` that Cython does not see a jump out of it come to.

    Args:
        statement: Cython's node of the `try`, just parsed, or of an `except`, which deletes the name that it binds.
    """
    if kind(statement) == "ExceptClauseNode":
        is_passed = statement.is_except_as and _jumps(statement.body, 0, in_loop=False)
        return _names(statement.target) if is_passed else set()
    return _names(statement.finally_clause) if _jumps(statement.body, 0, in_loop=False) else set()


def _jumps(node: Any, between: int, *, in_loop: bool) -> bool:
    """Return whether there is a jump below a node that Cython loses.

    Args:
        node: what may have it.
        between: how many others it would come to before.
        in_loop: whether `break` and `continue` stay within the `try`.
    """
    name = kind(node)
    if name in ("BreakStatNode", "ContinueStatNode"):
        return not in_loop and between >= 1
    if name == "ReturnStatNode":
        return between >= 2  # noqa: PLR2004 - see above
    if name in _OTHERS:
        return False
    for child in children(node):
        is_final = name == "TryFinallyStatNode" and child is not node.body
        more = not is_final and (name in ("TryFinallyStatNode", "WithStatNode") or getattr(node, "is_except_as", False))
        inside = in_loop or (name in _LOOPS and child is not node.else_clause)
        if _jumps(child, between + more, in_loop=inside):
            return True
    return False


def _names(node: Any) -> set[str]:
    if kind(node) == "NameNode":
        return {str(node.name)}
    if kind(node) in ("DefNode", "PyClassDefNode"):
        return {str(node.name)}
    return {name for child in children(node) for name in _names(child)}
