"""What `sum` does with each value of a generator expression that is a loop, where all values are whole numbers.

Only where that is sure from the text: counters of ranges, literals and lengths, and what comes of adding them,
multiplying them and the like; comparisons of them. Their sum is the same in whatever order they are added, and no code
of anybody runs meanwhile. Of floats it is not: from Python 3.12 on `sum` keeps what rounding loses.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from Cython.Compiler import ExprNodes, PyrexTypes

from buildkit.compile.sameness.tree import kind, within

_OPERATIONS = frozenset("AddNode SubNode MulNode IntBinopNode BitwiseOrNode".split())
_WITH_DIVISION = frozenset(["ModNode", "DivNode"])
_NUMBERS_OF_C = PyrexTypes.c_longlong_type


def are_whole(value: Any, loop: Any, is_builtin: Callable[[str], bool]) -> bool:
    """Return whether all that a generator expression gives is sure to be a whole number.

    Args:
        value: what it gives.
        loop: its outermost.
        is_builtin: whether a name is the builtin there.
    """
    loops = [node for node in within(loop) if kind(node) == "ForInStatNode"]
    counters = {node.target.name for node in loops if _counts(node, is_builtin)}
    others = {each.name for node in loops if not _counts(node, is_builtin) for each in _names(node.target)}
    return _is_whole(value, counters - others, is_builtin)


def _counts(loop: Any, is_builtin: Callable[[str], bool]) -> bool:
    return kind(loop.target) == "NameNode" and _is_call(loop.iterator.sequence, "range", is_builtin)


def _names(target: Any) -> list[Any]:
    return [node for node in within(target) if kind(node) == "NameNode"]


def _is_call(node: Any, name: str, is_builtin: Callable[[str], bool]) -> bool:
    if kind(node) != "SimpleCallNode" or kind(node.function) != "NameNode":
        return False
    return bool(node.function.name == name and is_builtin(name))


def _is_whole(node: Any, counters: set[str], is_builtin: Callable[[str], bool]) -> bool:
    def holds(each: Any) -> bool:
        return _is_whole(each, counters, is_builtin)

    if kind(node) == "NameNode":
        return node.name in counters
    if kind(node) in _OPERATIONS:
        return holds(node.operand1) and holds(node.operand2)
    if kind(node) in _WITH_DIVISION:
        is_whole = kind(node) == "ModNode" or node.operator == "//"
        return is_whole and holds(node.operand1) and holds(node.operand2)
    if kind(node) in ("UnaryMinusNode", "UnaryPlusNode", "TildeNode"):
        return holds(node.operand)
    if kind(node) == "PrimaryCmpNode":
        return node.cascade is None and holds(node.operand1) and holds(node.operand2)
    return kind(node) in ("IntNode", "NotNode") or _is_call(node, "len", is_builtin)


class Sum(ExprNodes.ComprehensionAppendNode):
    """What `sum` does with each value.

    Attributes:
        outside: the label for errors of the function itself.
        caller: where it calls `sum`.
        so_far: the number of C that has what was added, but for what the result has.
    """

    target: Any
    outside: str
    caller: Any
    so_far: str

    def begin(self, code: Any) -> None:
        """Begin with nothing."""
        self.so_far = code.funcstate.allocate_temp(_NUMBERS_OF_C, manage_ref=False)
        result = self.target.result()
        code.putln(f"{self.so_far} = 0; {result} = PyLong_FromLong(0); {code.error_goto_if_null(result, self.caller)}")

    def generate_execution_code(self, code: Any) -> None:
        self.expr.generate_evaluation_code(code)
        inner, code.error_label = code.error_label, self.outside
        added = f"buildkit_add_to_sum(&{self.so_far}, &{self.target.result()}, {self.expr.py_result()})"
        code.put_error_if_neg(self.caller, added)
        code.error_label = inner
        self.expr.generate_disposal_code(code)
        self.expr.free_temps(code)

    def end(self, code: Any) -> None:
        """Give the sum."""
        added = f"buildkit_end_sum({self.so_far}, &{self.target.result()})"
        inner, code.error_label = code.error_label, self.outside
        code.put_error_if_neg(self.caller, added)
        code.error_label = inner
        code.funcstate.release_temp(self.so_far)
