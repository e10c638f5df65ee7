"""Where only the truth of `x % 3`, or whether `x % 3 == 1`, is asked, no number is made of the remainder.

Of a small whole number C knows it at once; all else is reckoned and asked as before.
"""

from __future__ import annotations

from typing import Any

from Cython.Compiler import ExprNodes, PyrexTypes

from buildkit.compile.sameness.tree import kind, within

_ASKING = frozenset(["IfClauseNode", "WhileStatNode", "AssertStatNode", "CondExprNode"])
_SMALL = 1 << 30


def keep_remainders(body: Any) -> None:
    """Let the conditions in a function's body that ask for a remainder ask for it alone.

    Args:
        body: Cython's tree of it, just parsed; it is changed.
    """
    for node in [*within(body)]:
        if kind(node) in _ASKING:
            node.condition = _asked(node.condition)
        elif kind(node) == "NotNode":
            node.operand = _asked(node.operand)


def _asked(node: Any) -> Any:
    if kind(node) == "BoolBinopNode":
        node.operand1, node.operand2 = _asked(node.operand1), _asked(node.operand2)
    elif _is_remainder(node):
        return Remains(node.pos, operand=node.operand1, divisor=node.operand2, expected=None, is_other=False)
    elif kind(node) == "PrimaryCmpNode" and node.operator in ("==", "!=") and node.cascade is None:
        remainder, expected = node.operand1, node.operand2
        if _is_remainder(remainder) and kind(expected) == "IntNode" and _number(expected) < _SMALL:
            parts = {"operand": remainder.operand1, "divisor": remainder.operand2, "expected": expected}
            return Remains(node.pos, is_other=node.operator == "!=", **parts)
    return node


def _is_remainder(node: Any) -> bool:
    if kind(node) != "ModNode" or kind(node.operand2) != "IntNode" or kind(node.operand1) in ("IntNode", "FloatNode"):
        return False
    return 0 < _number(node.operand2) < _SMALL


def _number(node: Any) -> int:
    return int(node.value.replace("_", ""), 0)


class Remains(ExprNodes.ExprNode):
    """Whether a remainder is a number, or is any at all.

    Attributes:
        operand: what is divided.
        divisor: by which number.
        expected: the number, None if any is asked.
        is_other: whether it is asked if it is not that number.
    """

    subexprs = ["operand", "divisor", "expected"]  # noqa: RUF012 - as all of Cython's nodes
    type = PyrexTypes.c_bint_type
    is_temp = True
    operand: Any
    divisor: Any
    expected: Any
    is_other: bool

    def infer_type(self, env: Any) -> Any:
        return self.type

    def analyse_types(self, env: Any) -> Any:
        self.numbers = [_number(each) for each in (self.divisor, self.expected) if each is not None]
        for name in self.subexprs:
            child = getattr(self, name)
            if child is not None:
                setattr(self, name, child.analyse_types(env).coerce_to_pyobject(env))
        return self

    def generate_result_code(self, code: Any) -> None:
        given = f"{self.operand.py_result()}, {self.divisor.py_result()}, {self.numbers[0]}"
        if self.expected is None:
            call = f"buildkit_has_remainder({given})"
        else:
            call = f"buildkit_remains({given}, {self.expected.py_result()}, {self.numbers[1]}, {int(self.is_other)})"
        code.putln(f"{self.result()} = {call}; {code.error_goto_if_neg(self.result(), self.pos)}")
