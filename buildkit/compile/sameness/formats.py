"""`f"{x:>5}"` of a small whole number is written by C, which does as `int` does; of all else by whom it belongs to."""

from __future__ import annotations

import re
from typing import Any

from Cython.Compiler import ExprNodes, PyrexTypes

from buildkit.compile.sameness.tree import kind, within

_RIGHT = re.compile(r"(?:>?[1-9][0-9]{0,2})?d?")
"""Formats of whole numbers that give decimal digits, with blanks before them."""


def keep_formats(body: Any) -> None:
    """Let the whole numbers that are formatted in a function's body be written by C.

    Args:
        body: Cython's tree of it, just parsed; it is changed.
    """
    for node in within(body):
        if kind(node) == "FormattedValueNode" and node.format_spec is not None and not node.conversion_char:
            node.__class__ = Formatted


class Formatted(ExprNodes.FormattedValueNode):
    """A value in a format."""

    value: Any
    format_spec: Any

    def generate_result_code(self, code: Any) -> None:
        spec = self.format_spec.value if self.format_spec is not None and self.format_spec.is_string_literal else "?"
        if not self.value.type.is_pyobject or not _RIGHT.fullmatch(spec):
            super().generate_result_code(code)
            return
        value, result = self.value.py_result(), self.result()
        written = PyrexTypes.c_long_type.convert_to_pystring("whole", code, spec.removeprefix(">"))
        code.putln("{ long whole;")
        code.putln(f"if (buildkit_small_number({value}, &whole)) {{")
        code.putln(f"{result} = {written}; {code.error_goto_if_null(result, self.pos)}")
        self.generate_gotref(code)
        code.putln("} else {")
        super().generate_result_code(code)
        code.putln("} }")
