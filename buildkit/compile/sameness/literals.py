r"""Literals are objects wherever C would do something else with them, or Cython refuses what Python raises at.

| written | Cython makes | Python |
|---|---|---|
| `1 << -1`, `1 % 0`, `1.5 // 0` | a result of C, or the death of the process | raises |
| `1.5 \| 2`, `1j < 2j`, `1()`, `1[0]`, `(1, 2)[2]` | no module: it refuses the text | raises when it comes to it |
| `for x in b"ab"`, `reversed(b"ab")` | `b"a"`, `b"b"` | 97, 98 |
| `x[True]`, `x[a == b]` | `x[1]` | a truth, which a `__getitem__` sees |
| `[] * x` | `[]` | asks `x`, or raises |
| `str(x)[0] * 3`, `int(str(x)[0])` | arithmetic with the number of the letter | texts |
"""

from __future__ import annotations

import math
import operator
from typing import Any

from Cython.Compiler import ExprNodes
from Cython.Utils import str_to_number

from buildkit.compile.sameness.calls import Checked
from buildkit.compile.sameness.names import BUILTINS
from buildkit.compile.sameness.numbers import AsObject
from buildkit.compile.sameness.tree import kind, within

_NUMBERS = frozenset(["IntNode", "FloatNode", "ImagNode", "BoolNode"])
_TEXTS = frozenset(["UnicodeNode", "IdentifierStringNode", "BytesNode", "JoinedStrNode"])
_DISPLAYS = frozenset(["TupleNode", "ListNode", "DictNode", "SetNode"])
_HELD = _NUMBERS | _TEXTS | _DISPLAYS | {"NoneNode", "EllipsisNode", "ComprehensionNode", "UnaryMinusNode"}
"""What stands for a value of a known kind."""
_OF_ANY_KIND = frozenset(["NameNode", "AttributeNode", "IndexNode", "Variable"])
_MAYBE_BYTES = frozenset(["BytesNode", "BoolBinopNode", "CondExprNode", "AddNode", "MulNode"])
_TRUTHS = frozenset(["BoolNode", "PrimaryCmpNode", "NotNode", "BoolBinopNode", "CondExprNode"])
_ASKS = frozenset(["isinstance", "issubclass", "callable", "hasattr", "any", "all", "bool"])
"""What stands for a truth."""
_OPERATIONS = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "//": operator.floordiv,
    "%": operator.mod,
    "**": operator.pow,
    "<<": operator.lshift,
    ">>": operator.rshift,
    "&": operator.and_,
    "|": operator.or_,
    "^": operator.xor,
}
_LARGE = 128
"""Bits of a whole number that is reckoned when it is used, as by Python."""


def keep_literals(body: Any) -> None:
    """Make literals in a function's body objects where C or Cython would take them for something else.

    Args:
        body: Cython's tree of it, just parsed; it is changed.
    """
    for node in reversed([*within(body)]):  # the inner ones first
        for name in node.child_attrs or ():
            child = getattr(node, name, None)
            if isinstance(child, list):
                child[:] = [_reckoned(each) for each in child]
            elif child is not None:
                setattr(node, name, _reckoned(child))
        if _reckoned(node) is node:
            _keep_operands(node)


def _keep_operands(node: Any) -> None:
    name = kind(node)
    if name in ("PrimaryCmpNode", "CascadedCmpNode"):
        _keep_compared(node)
    elif name in ("UnaryMinusNode", "UnaryPlusNode", "TildeNode"):
        if kind(node.operand) not in ("IntNode", "FloatNode") or name == "TildeNode":
            _hold(node, "operand", _HELD)
    elif _is_operation(node):
        _keep_of_two(node)
    else:
        _keep_used(node)


def _keep_used(node: Any) -> None:
    """Hold what is called, subscripted, asked for an attribute or iterated."""
    name = kind(node)
    if name in ("SimpleCallNode", "GeneralCallNode"):
        _keep_called(node)
    elif name == "IndexNode":
        _keep_subscripted(node)
    elif name == "IteratorNode":
        if kind(node.sequence) in _HELD and not getattr(node.sequence, "args", ()):
            _hold(node, "sequence", _DISPLAYS)  # Cython drops the loop, and with it its names
        _hold(node, "sequence", _MAYBE_BYTES)
    elif name == "AttributeNode" and not _is_of_any_kind(node):
        _hold(node, "obj")
    elif name == "ExprStatNode":
        _keep_named(node)
    elif name == "InPlaceAssignmentNode" and kind(node.lhs) == "IndexNode" and kind(node.lhs.base) == "NameNode":
        node.lhs.base = Checked(node.lhs.base.pos, node.lhs.base, "")  # read before its index


def _keep_called(call: Any) -> None:
    _hold(call, "function", _HELD)
    args = getattr(call, "args", ())
    if kind(call.function) == "AttributeNode" and len(args) != 1:
        _hold(call.function, "obj", _TEXTS)
    for at, each in enumerate(args):
        if kind(each) == "BytesNode":
            call.args[at] = AsObject(each.pos, arg=each)  # `reversed(b"ab")` is iterated


def _keep_subscripted(subscript: Any) -> None:
    if kind(subscript.base) not in _OF_ANY_KIND or getattr(subscript.base, "name", "") in BUILTINS:
        _hold(subscript, "base")  # `len[0].x` is a type to Cython, which refuses the text
    index = subscript.index
    if kind(index) in _TRUTHS or getattr(getattr(index, "function", None), "name", "") in _ASKS:
        _hold(subscript, "index")  # `x[True]` is not `x[1]`


def _keep_named(statement: Any) -> None:
    """Read a name that stands alone, which Cython drops: it may have no value."""
    name = statement.expr
    if kind(name) in ("NameNode", "Variable") and getattr(name, "annotation", None) is None:
        statement.expr = Checked(name.pos, name, "")


def _is_of_any_kind(attribute: Any) -> bool:
    """Return whether Cython knows as little of a value as Python. Of texts, `join` is the same in both."""
    value = attribute.obj
    if kind(value) in _TEXTS:
        return bool(attribute.attribute == "join")
    return kind(value) in _OF_ANY_KIND and getattr(value, "name", "") not in BUILTINS


def _keep_compared(node: Any) -> None:
    if node.operator in ("in", "not_in"):
        _hold(node, "operand2", _NUMBERS | {"NoneNode", "EllipsisNode", "SimpleCallNode"})
    first = "" if kind(node) == "CascadedCmpNode" else kind(node.operand1)
    if kind(node.operand2) in _HELD and (not first or first in _HELD):
        _hold(node, "operand2")
    _hold(node, "operand1", {"ImagNode"})


def _keep_of_two(node: Any) -> None:
    first, second = kind(node.operand1), kind(node.operand2)
    if node.operator == "*" and (_is_empty(node.operand1) or _is_empty(node.operand2)):
        _hold(node, "operand1", _DISPLAYS)  # Cython drops the other one
        _hold(node, "operand2", _DISPLAYS)
    if node.operator in ("/", "//", "%", "**") and "FloatNode" in map(_inner, (node.operand1, node.operand2)):
        _hold(node, "operand1", _HELD)
        _hold(node, "operand2", _HELD)
    elif second in _NUMBERS and first not in _HELD and second != "ImagNode":
        if _number(node.operand2) == 0 and node.operator in ("/", "//", "%"):
            _hold(node, "operand2")
    elif "ImagNode" in (first, second) or (first in _HELD and second in _HELD):
        _hold(node, "operand1", _HELD)
        _hold(node, "operand2", _HELD)


def _is_empty(node: Any) -> bool:
    return kind(node) in ("TupleNode", "ListNode") and not node.args


def _inner(node: Any) -> str:
    return _inner(node.operand) if kind(node) == "UnaryMinusNode" else kind(node)


def _is_operation(node: Any) -> bool:
    return hasattr(node, "operand2") and getattr(node, "operator", None) in _OPERATIONS and not hasattr(node, "cascade")


def _reckoned(node: Any) -> Any:
    """Return the literal that stands for an operation of two: what Python itself makes of them."""
    if not _is_operation(node):
        return node
    values = _number(node.operand1), _number(node.operand2)
    if None in values or (node.operator in ("**", "<<") and not 0 <= values[1] <= _LARGE):
        return node
    try:
        result = _OPERATIONS[node.operator](*values)
    except (ArithmeticError, TypeError, ValueError):
        return node
    if isinstance(result, int) and result.bit_length() <= _LARGE:
        return ExprNodes.IntNode(node.pos, value=str(result))
    if isinstance(result, float) and math.isfinite(result):
        return ExprNodes.FloatNode(node.pos, value=repr(result))
    return node


def _number(node: Any) -> Any:
    """Return the number that stands there, None if it is no literal of one."""
    if kind(node) == "IntNode":
        return str_to_number(node.value)
    if kind(node) == "FloatNode":
        return float(node.value)
    return None


def _hold(node: Any, name: str, kinds: frozenset[str] | set[str] | None = None) -> None:
    child = getattr(node, name, None)
    if child is not None and (kinds is None or kind(child) in kinds):
        setattr(node, name, AsObject(child.pos, arg=child))
