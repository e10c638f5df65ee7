"""Operations on two objects do what Python does with them, whatever they are.

Cython 3.3 asks the second operand alone where the first is a number, and takes `x + 0` for `x`. So `-0.0 + 0` kept its
sign, `0.0 * -1` lost it, and `2.5 * "a"` raised in other words. The operations are those of `arithmetic.h` instead.
There are also others for those with a small number that stands in the text, and for `<` and its kin where only the
truth is asked: these do what Cython's do, in less time.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from Cython.Compiler import ExprNodes

from buildkit.compile.sameness.tree import kind, within

OURS = "buildkit "
"""How an operator is marked whose operation is to be ours."""

_NAMES = {"+": "Add", "-": "Subtract", "*": "Multiply", "&": "And", "|": "Or", "^": "Xor"}
_WITH_NUMBER = ("Add", "Subtract", "Multiply", "Remainder", "FloorDivide", "And")
_TYPES = ("object", "int", "float")
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


REPLACED = {
    **{f"__Pyx_PyLong_{name}ObjC": f"buildkit_{name}_number" for name in _WITH_NUMBER},
    **{
        f"__Pyx_PyObject_CompareBool{name}_{left}_{right}": f"buildkit_is_{name}"
        for name in ("Lt", "Le", "Gt", "Ge")
        for left in _TYPES
        for right in _TYPES
    },
}
"""What Cython's C calls its functions, and what is called in place of each."""

_MAKERS: Any = {OURS + sign: _maker(sign) for sign in [*ExprNodes.binop_node_classes]}
ExprNodes.binop_node_classes.update(_MAKERS)
