"""A slice is an object, as in Python: Cython has another way for `x[a:b]`, with its own words where it fails."""

from __future__ import annotations

from typing import Any

from Cython.Compiler import ExprNodes

from buildkit.compile.sameness.tree import kind, within


def keep_slices(body: Any) -> None:
    """Make each `x[a:b]` in a function's body `x[slice(a, b)]`.

    Args:
        body: Cython's tree of it, just parsed; it is changed.
    """
    for node in [*within(body)]:
        if kind(node) == "SliceIndexNode":
            parts = {name: getattr(node, name) or ExprNodes.NoneNode(node.pos) for name in ("start", "stop")}
            node.__class__ = ExprNodes.IndexNode
            node.index = ExprNodes.SliceNode(node.pos, **parts, step=ExprNodes.NoneNode(node.pos))
            del node.start, node.stop
