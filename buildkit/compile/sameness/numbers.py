"""Numbers stay Python's: the result of `len`, `ord`, `hash` or a comparison never meets another number in C.

There it would wrap around (`len(x) << 60`), turn into a float (`10 ** len(x)`, `1 if x else 0.5`) or lose its sign. So
the operands of arithmetic, and the branches of which one is the value, are made objects first. What is left to C is
what cannot go wrong there: comparisons, conditions, and a length less a small number. And `abs if x else len` or
`x or (1, (2, 3))`, of which Cython makes what it or the C compiler refuses, are objects too.
"""

from __future__ import annotations

from typing import Any

from Cython.Compiler import ExprNodes, PyrexTypes

from buildkit.compile.sameness.names import FUNCTIONS
from buildkit.compile.sameness.tree import children, kind, within

_OPERATORS = frozenset(
    "BitwiseOrNode IntBinopNode AddNode SubNode MulNode DivNode ModNode PowNode MatMultNode "
    "UnaryMinusNode UnaryPlusNode TildeNode".split()
)
_WHERE_FUNCTIONS_ARE_REFUSED = {
    **dict.fromkeys(_OPERATORS, ("operand1", "operand2", "operand")),
    "BoolBinopNode": ("operand1", "operand2"),
    "NotNode": ("operand",),
    "PrimaryCmpNode": ("operand1", "operand2"),
    "CascadedCmpNode": ("operand2",),
    "CondExprNode": ("condition", "true_val", "false_val"),
    **dict.fromkeys(("IfClauseNode", "WhileStatNode", "AssertStatNode"), ("condition",)),
}
_LITERALS = frozenset(["IntNode", "FloatNode", "BoolNode"])
_OF_NUMBERS = frozenset(["TupleNode"])
"""Of which Cython makes a struct of C, if there are only numbers in it."""
_MAYBE_C = frozenset(["SimpleCallNode", "PrimaryCmpNode", "NotNode", "BoolBinopNode", "CondExprNode", "SubNode"])
_SMALL = 1 << 30


def keep_objects(body: Any) -> None:
    """Make the numbers in a function's body objects wherever C could make another number of them.

    Args:
        body: Cython's tree of it, just parsed; it is changed.
    """
    conditions = {id(each) for node in within(body) for each in _conditions(node)}
    for node in [*within(body)]:
        _keep_functions(node)
        if kind(node) in _OPERATORS and not _is_length_less(node):
            _wrap(node, ("operand1", "operand2", "operand"), _MAYBE_C)
        elif kind(node) == "CondExprNode":
            _wrap(node, ("true_val", "false_val"), _MAYBE_C | _LITERALS | _OF_NUMBERS)
        elif kind(node) == "BoolBinopNode" and id(node) not in conditions:
            _wrap(node, ("operand1", "operand2"), _MAYBE_C | _LITERALS | _OF_NUMBERS)
        elif kind(node) == "YieldFromExprNode":
            node.arg = AsObject(node.arg.pos, arg=node.arg)
        elif kind(node) == "SimpleCallNode":
            node.args = [_as_object(each, _MAYBE_C | _LITERALS - {"IntNode"}) for each in node.args]


def _keep_functions(node: Any) -> None:
    """Make builtins objects in `key or len`, `abs if x else len` and the like, which are refused else."""
    for name in _WHERE_FUNCTIONS_ARE_REFUSED.get(kind(node), ()):
        child: Any = getattr(node, name, None)
        is_tuple = kind(child) in _OF_NUMBERS and kind(node) not in (*_OPERATORS, "PrimaryCmpNode", "CascadedCmpNode")
        if is_tuple or (kind(child) == "NameNode" and child.name in FUNCTIONS):
            setattr(node, name, AsObject(child.pos, arg=child))


def _conditions(node: Any) -> list[Any]:
    """Return the nodes below one of which only the truth is asked."""
    asked = []
    if kind(node) in ("IfClauseNode", "WhileStatNode", "AssertStatNode", "CondExprNode"):
        asked.append(node.condition)
    elif kind(node) == "NotNode":
        asked.append(node.operand)
    for each in asked:  # grows: of `a and b` both are asked
        if kind(each) == "BoolBinopNode":
            asked += children(each)
    return asked


def _is_length_less(node: Any) -> bool:
    """Return whether the node is `len(x) - 1`, which is one of the most frequent and cannot leave C's range."""
    if kind(node) != "SubNode" or kind(node.operand1) != "SimpleCallNode" or kind(node.operand2) != "IntNode":
        return False
    called = node.operand1.function
    return kind(called) == "NameNode" and called.name == "len" and abs(int(node.operand2.value, 0)) < _SMALL


def _wrap(node: Any, names: tuple[str, ...], kinds: frozenset[str]) -> None:
    for name in names:
        child = getattr(node, name, None)
        if child is not None:
            setattr(node, name, _as_object(child, kinds))


def _as_object(node: Any, kinds: frozenset[str]) -> Any:
    return AsObject(node.pos, arg=node) if kind(node) in kinds else node


class AsObject(ExprNodes.ExprNode):
    """A value that is an object whatever Cython would make of it."""

    subexprs = ["arg"]  # noqa: RUF012 - as all of Cython's nodes
    type = PyrexTypes.py_object_type
    arg: Any

    def infer_type(self, env: Any) -> Any:
        return PyrexTypes.py_object_type

    def analyse_types(self, env: Any) -> Any:
        made = self.arg.analyse_types(env).coerce_to_pyobject(env)
        is_known = made.is_name or made.type is not PyrexTypes.py_object_type
        return Unknown(self.pos, made) if is_known else made


class Unknown(ExprNodes._TempModifierNode):  # noqa: SLF001 - a node that has the value of another
    """An object of which Cython is not to know that it is a number, a text or a list."""

    type = PyrexTypes.py_object_type

    def infer_type(self, env: Any) -> Any:
        return PyrexTypes.py_object_type

    def calculate_result_code(self) -> Any:
        return self.arg.py_result()  # of a type's name C has no object but a type

    def analyse_types(self, env: Any) -> Any:
        return self
