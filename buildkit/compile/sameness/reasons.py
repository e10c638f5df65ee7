"""Why a function stays Python, in words: of the parts of a function that are not compiled yet, or never will be."""

from __future__ import annotations

KINDS = {
    "AssignmentExpressionNode": "`:=`",
    "AsyncForStatNode": "`async for`",
    "AwaitExprNode": "`await`",
    "DefNode": "a function in it",
    "GeneratorExpressionNode": "a generator expression",
    "LambdaNode": "a lambda in it",
    "MatchNode": "`match`",
    "NonlocalNode": "`nonlocal`",
    "PyClassDefNode": "a class in it",
    "YieldExprNode": "`yield`",
    "YieldFromExprNode": "`yield from`",
}
"""What Cython calls the parts, and what Python does."""


def of_kind(kind: str) -> str:
    """Return why a function with such a part stays Python.

    Args:
        kind: what Cython calls it.
    """
    return KINDS.get(kind, kind)
