"""`assert` raises Python's own `AssertionError`, also in a module that has another of that name."""

from __future__ import annotations

from typing import Any

from Cython.Compiler import ExprNodes, Nodes, PyrexTypes

from buildkit.compile.sameness.tree import kind, within


def keep_assertions(body: Any) -> None:
    """Let each `assert` in a function's body raise what Python's raises.

    Args:
        body: Cython's tree of it, just parsed; it is changed.
    """
    for node in [*within(body)]:
        if kind(node) == "AssertStatNode" and node.exception is None:
            error = ExprNodes.RawCNameExprNode(node.pos, PyrexTypes.py_object_type, "PyExc_AssertionError")
            parts = {"exc_value": node.value, "exc_tb": None, "cause": None, "wrap_tuple_value": True}
            node.exception = Nodes.RaiseStatNode(node.pos, exc_type=error, **parts)
            node.value = None
