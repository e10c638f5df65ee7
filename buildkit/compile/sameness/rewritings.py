"""Keeps away those of Cython's own rewritings that change what an expression means.

| written | Cython makes | which differs for |
|---|---|---|
| `x in (a, b)` | `x == a or x == b` | what is not equal to itself, such as `nan`: Python asks for identity first |
| `"%6s" % (x,)` | an f-string | widths of texts, which are aligned to the other side |
| `(-8.0) ** 0.5` | a constant of C | results that are complex numbers, at which Cython crashes |
"""

from __future__ import annotations

import re
from typing import Any

from buildkit.compile.sameness.numbers import AsObject
from buildkit.compile.sameness.tree import kind, within

_LITERALS = frozenset(["UnicodeNode", "IdentifierStringNode", "BytesNode", "IntNode", "BoolNode", "NoneNode"])
_PLAIN_FORMAT = re.compile(r"(?:[^%]|%[sr%])*")


def keep_away(body: Any) -> None:
    """Keep away what Cython would make of these expressions in a function's body.

    Args:
        body: Cython's tree of it, just parsed; it is changed.
    """
    for node in [*within(body)]:
        if kind(node) in ("PrimaryCmpNode", "CascadedCmpNode") and node.operator in ("in", "not_in"):
            args = getattr(node.operand2, "args", ())
            if kind(node.operand2) in ("TupleNode", "ListNode", "SetNode") and not {*map(kind, args)} <= _LITERALS:
                node.operand2 = AsObject(node.operand2.pos, arg=node.operand2)
        elif kind(node) == "ModNode" and kind(node.operand1) in ("UnicodeNode", "IdentifierStringNode"):
            if not _PLAIN_FORMAT.fullmatch(node.operand1.value):
                node.operand1 = AsObject(node.operand1.pos, arg=node.operand1)
        elif kind(node) == "PowNode" and "FloatNode" in (kind(node.operand1), kind(node.operand2)):
            node.operand2 = AsObject(node.operand2.pos, arg=node.operand2)
