"""An operation or a comparison stands in the line in which its first operand begins: tracebacks name that line."""

from __future__ import annotations

from typing import Any

from buildkit.compile.sameness.tree import within


def keep_lines(body: Any) -> None:
    """Let each operation in a function's body stand where Python says that it stands.

    Args:
        body: Cython's tree of it, just parsed; it is changed.
    """
    for node in reversed([*within(body)]):  # the inner ones first
        if hasattr(node, "operand1") and hasattr(node, "operand2"):
            node.pos = node.operand1.pos
