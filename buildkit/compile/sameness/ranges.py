"""A loop over `range(…)` counts in C where each number fits, and gives the objects that the iterator would give.

The call is the builtin's, since else the function runs as Python (`names.py`), and nobody ever sees the range nor its
iterator. What comes of other arguments than small whole numbers is the iterator's. A range of literals Cython counts
itself.
"""

from __future__ import annotations

from typing import Any

from Cython.Compiler import ExprNodes, PyrexTypes

from buildkit.compile.sameness.tree import kind, within

_MOST = 3


def keep_ranges(body: Any) -> None:
    """Let the loops over ranges in a function's body count in C.

    Args:
        body: Cython's tree of it, just parsed; it is changed.
    """
    for node in within(body):
        if kind(node) == "IteratorNode" and _is_range(node.sequence):
            node.__class__ = Counting


def _is_range(call: Any) -> bool:
    if kind(call) != "SimpleCallNode" or getattr(call.function, "name", "") != "range":
        return False
    return 1 <= len(call.args) <= _MOST and not all(map(_is_literal, call.args))


def _is_literal(node: Any) -> bool:
    return kind(node) == "IntNode" or (kind(node) == "UnaryMinusNode" and kind(node.operand) == "IntNode")


class Arguments(ExprNodes.ExprNode):
    """Those of the range, in place of the range."""

    subexprs = ["args"]  # noqa: RUF012 - as all of Cython's nodes
    type = PyrexTypes.py_object_type
    args: list[Any]

    def calculate_result_code(self) -> str:
        return "NULL"

    def generate_result_code(self, code: Any) -> None:
        """Make nothing."""


class Counting(ExprNodes.IteratorNode):
    """How a loop over a range goes on: by its count while that is not negative, else by the iterator."""

    sequence: Any
    count: str

    def analyse_types(self, env: Any) -> Any:
        function = self.sequence.function
        where = self.expr_scope or env
        entry = where.lookup(function.name) if kind(function) == "NameNode" else None
        if entry is None or not entry.scope.is_builtin_scope:
            self.__class__ = ExprNodes.IteratorNode  # type: ignore[assignment]
            return self.analyse_types(env)
        args = [each.analyse_types(where).coerce_to_pyobject(where) for each in self.sequence.args]
        self.sequence = Arguments(self.sequence.pos, args=args)
        self.is_temp = True
        return self

    def generate_result_code(self, code: Any) -> None:
        whole = self.sequence
        code.mark_pos(whole.pos)
        self.count = code.funcstate.allocate_temp(PyrexTypes.c_long_type, manage_ref=False)
        self.counter_cname = code.funcstate.allocate_temp(PyrexTypes.c_long_type, manage_ref=False)
        self.iter_func_ptr = code.funcstate.allocate_temp(PyrexTypes.c_long_type, manage_ref=False)
        values = [each.py_result() for each in whole.args]
        first, stop = ("NULL", values[0]) if len(values) == 1 else values[:2]
        step = values[2] if len(values) == _MOST else "NULL"
        counted = f"&{self.counter_cname}, &{self.iter_func_ptr}, &{self.count}"
        code.putln(f"{self.result()} = buildkit_begin_range({first}, {stop}, {step}, {counted});")
        code.putln(code.error_goto_if_null(self.result(), whole.pos))
        self.generate_gotref(code)

    def generate_iter_next_result_code(self, result_name: str, code: Any) -> None:
        code.putln(f"if (likely({self.count} >= 0)) {{")
        code.putln(f"if (--{self.count} < 0) break;")
        code.putln(f"{result_name} = PyLong_FromLong({self.counter_cname});")
        code.putln(f"{self.counter_cname} += {self.iter_func_ptr};")
        code.putln(f"}} else if (!({result_name} = buildkit_next_of_range({self.py_result()}))) {{")
        code.putln(code.error_goto_if("PyErr_Occurred()", self.pos))
        code.putln("break;")
        code.putln("}")
        code.putln(code.error_goto_if_null(result_name, self.pos))
        code.put_gotref(result_name, PyrexTypes.py_object_type)

    def free_temps(self, code: Any) -> None:
        code.funcstate.release_temp(self.count)
        super().free_temps(code)
