"""Operations on two objects do what Python does with them, whatever they are.

Cython 3.3 asks the second operand alone where the first is a number, and takes `x + 0` for `x`. So `-0.0 + 0` kept its
sign, `0.0 * -1` lost it, and `2.5 * "a"` raised in other words. The operations are those of `arithmetic.h` instead.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from Cython.Compiler import ExprNodes

from buildkit.compile.sameness.tree import kind, within

OURS = "buildkit "
"""How an operator is marked whose operation is to be ours."""

_NAMES = {"+": "Add", "-": "Subtract", "*": "Multiply", "&": "And", "|": "Or", "^": "Xor"}
_FUNCTIONS = {**ExprNodes.NumBinopNode.py_functions, **{sign: f"buildkit_PyNumber_{_NAMES[sign]}" for sign in _NAMES}}


def keep_operations(body: Any) -> None:
    """Let the operations in a function's body be Python's.

    Args:
        body: Cython's tree of it, just parsed; it is changed.
    """
    for node in within(body):
        if isinstance(node, ExprNodes.NumBinopNode):
            _keep(node)
        elif kind(node) == "InPlaceAssignmentNode":
            node.operator = OURS + node.operator  # Cython makes the operation of it later, by this name


def _keep(operation: Any) -> Any:
    if hasattr(operation, "fast_pyops"):
        operation.fast_pyops = frozenset()
        operation.py_functions = _FUNCTIONS
    return operation


def _maker(sign: str) -> Callable[..., Any]:
    made = ExprNodes.binop_node_classes[sign]

    def make(pos: Any, operator: str, **parts: Any) -> Any:
        return _keep(made(pos, operator=operator.removeprefix(OURS), **parts))

    return make


_MAKERS: Any = {OURS + sign: _maker(sign) for sign in [*ExprNodes.binop_node_classes]}
ExprNodes.binop_node_classes.update(_MAKERS)
