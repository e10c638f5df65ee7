"""Keeps away those of Cython's own rewritings that change what an expression means.

| written | Cython makes | which differs for |
|---|---|---|
| `x in (a, b)` | `x == a or x == b` | what is not equal to itself, such as `nan`: Python asks for identity first |
| `"%6s" % (x,)` | an f-string | widths of texts, which are aligned to the other side |
| `x not in (1, 2)` | `x != 1 and x != 2` | what defines `==` alone |
| `x in {1, 2}` | `x == 1 or x == 2` | what has no hash, at which Python raises |
"""

from __future__ import annotations

import re
from typing import Any

from Cython.Compiler import ExprNodes, PyrexTypes

from buildkit.compile.sameness.numbers import AsObject
from buildkit.compile.sameness.tree import kind, within

_TEXTS_AND_NUMBERS = frozenset(["UnicodeNode", "IdentifierStringNode", "BytesNode", "IntNode", "BoolNode", "NoneNode"])
_PLAIN_FORMAT = re.compile(r"(?:[^%]|%[sr%])*")


def keep_away(body: Any) -> None:
    """Keep away what Cython would make of these expressions in a function's body.

    Args:
        body: Cython's tree of it, just parsed; it is changed.
    """
    for node in [*within(body)]:
        if kind(node) in ("PrimaryCmpNode", "CascadedCmpNode") and node.operator in ("in", "not_in"):
            _keep_containment(node)
        elif kind(node) == "ModNode" and not _is_plain_format(node.operand1):
            node.operand1 = AsObject(node.operand1.pos, arg=node.operand1)


def _is_plain_format(node: Any) -> bool:
    is_text = kind(node) in ("UnicodeNode", "IdentifierStringNode")
    return not is_text or _PLAIN_FORMAT.fullmatch(node.value) is not None


def _keep_containment(node: Any) -> None:
    among = node.operand2
    if kind(among) not in ("TupleNode", "ListNode", "SetNode"):
        return
    is_constant = {*map(kind, among.args)} <= _TEXTS_AND_NUMBERS
    if kind(among) == "SetNode" and is_constant:
        node.operand2 = ConstantSet(among.pos, arg=ExprNodes.TupleNode(among.pos, args=among.args))
    elif kind(among) == "SetNode" or not is_constant or kind(node) != "PrimaryCmpNode" or node.cascade:
        node.operand2 = AsObject(among.pos, arg=among)
    elif node.operator == "not_in":
        contained = ExprNodes.PrimaryCmpNode(node.pos, operator="in", operand1=node.operand1, operand2=among)
        node.__class__ = ExprNodes.NotNode
        node.operand = ExprNodes._TempModifierNode(node.pos, contained)  # noqa: SLF001 - or Cython makes one of both


class ConstantSet(ExprNodes.ExprNode):
    """A set that is never changed: made once, as by Python."""

    subexprs = ["arg"]  # noqa: RUF012 - as all of Cython's nodes
    type = PyrexTypes.py_object_type
    is_temp = True
    arg: Any

    def infer_type(self, env: Any) -> Any:
        return PyrexTypes.py_object_type

    def analyse_types(self, env: Any) -> Any:
        self.arg = self.arg.analyse_types(env).coerce_to_pyobject(env)
        return self

    def generate_result_code(self, code: Any) -> None:
        kept, result = self.arg.result(), self.result()
        code.putln("{ static PyObject *kept = NULL;")
        code.putln(f"if (unlikely(!kept)) kept = PyFrozenSet_New({kept});")
        code.putln(f"{result} = kept; Py_XINCREF({result}); }}")
        code.putln(code.error_goto_if_null(result, self.pos))
        self.generate_gotref(code)
