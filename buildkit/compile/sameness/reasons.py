"""Why a function stays Python, in words: of the parts of a function that are not compiled yet, or never will be."""

from __future__ import annotations

KINDS = {
    "AsyncForStatNode": "`async for`",
    "AwaitExprNode": "`await`",
    "MatchNode": "`match`",
}
"""What Cython calls the parts, and what Python does."""


def of_kind(kind: str) -> str:
    """Return why a function with such a part stays Python.

    Args:
        kind: what Cython calls it.
    """
    return KINDS.get(kind, kind)
