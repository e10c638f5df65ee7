"""What an `except` names is evaluated while the error is being handled: an error there knows of the one before it."""

from __future__ import annotations

from typing import Any

from Cython.Compiler import ExprNodes, Nodes, PyrexTypes
from Cython.Compiler.Code import UtilityCode

from buildkit.compile.sameness.calls import Checked
from buildkit.compile.sameness.stack import number
from buildkit.compile.sameness.tree import kind, within


def keep_handlers(body: Any) -> None:
    """Let each `except` in a function's body look at what it names as Python does.

    Args:
        body: Cython's tree of it, just parsed; it is changed.
    """
    for node in [*within(body)]:
        if kind(node) == "ExceptClauseNode" and node.pattern:
            check = "buildkit_check_caught" if len(node.pattern) == 1 else "buildkit_check_class"
            node.pattern = [Checked(each.pos, each, check) for each in node.pattern]
            node.__class__ = Handler
        elif kind(node) == "ReraiseStatNode":
            node.__class__ = Reraise
        elif kind(node) == "TryFinallyStatNode":
            node.__class__ = Finally


class Handler(Nodes.ExceptClauseNode):
    """An `except` that names what it catches."""

    pattern: list[Any]

    def generate_handling_code(self, code: Any, end_label: Any) -> None:
        code.globalstate.use_utility_code(UtilityCode.load_cached("PyErrFetchRestore", "Exceptions.c"))
        code.mark_pos(self.pos)
        kept = [code.funcstate.allocate_temp(PyrexTypes.py_object_type, manage_ref=True) for _ in range(3)]
        line = code.funcstate.allocate_temp(PyrexTypes.c_int_type, manage_ref=False)
        code.putln(f"{line} = __pyx_lineno; __Pyx_ErrFetch({', '.join(f'&{each}' for each in kept)});")
        outer = code.new_error_label()
        patterns = self.pattern
        for each in patterns:
            each.generate_evaluation_code(code)
        failed, code.error_label = code.error_label, outer
        if code.label_used(failed):
            over = code.new_label()
            code.put_goto(over)
            code.put_label(failed)
            code.putln(f'buildkit_chain({", ".join(kept)}, "_{number(code)}", {line});')
            code.putln(" ".join(f"{each} = 0;" for each in kept))
            code.put_goto(outer)
            code.put_label(over)
        code.putln(f"__Pyx_ErrRestore({', '.join(kept)});")
        code.putln(" ".join(f"{each} = 0;" for each in kept))
        for each in (*kept, line):
            code.funcstate.release_temp(each)
        self.pattern = [Evaluated(each) for each in patterns]
        super().generate_handling_code(code, end_label)
        self.pattern = patterns


class Evaluated(ExprNodes.ExprNode):
    """What has been evaluated already."""

    subexprs: list[str] = []  # noqa: RUF012 - as all of Cython's nodes
    is_literal = True
    type = PyrexTypes.py_object_type

    def __init__(self, node: Any) -> None:
        super().__init__(node.pos)
        self.node = node

    def calculate_result_code(self) -> Any:
        return self.node.result()

    def generate_evaluation_code(self, code: Any) -> None:
        pass

    def generate_disposal_code(self, code: Any) -> None:
        self.node.generate_disposal_code(code)

    def free_temps(self, code: Any) -> None:
        self.node.free_temps(code)


class Reraise(Nodes.ReraiseStatNode):
    """`raise` alone, also where a `with` does it: the line in which it stands is no further step of the traceback."""

    def generate_execution_code(self, code: Any) -> None:
        label = code.new_label("again")
        outer, code.error_label = code.error_label, label
        super().generate_execution_code(code)
        code.error_label = outer
        code.put_label(label)
        code.putln("if (buildkit_is_raised_again()) __pyx_lineno = 0;")  # `buildkit_add_traceback` passes it by
        code.put_goto(outer)


class Finally(Nodes.TryFinallyStatNode):
    """`try … finally`: what is in `finally` sees the error that passes with the line at which it came up."""

    def put_error_catcher(self, code: Any, *args: Any, **named: Any) -> None:
        code.putln(f'buildkit_add_traceback("_{number(code)}", __pyx_lineno); __pyx_lineno = 0;')
        super().put_error_catcher(code, *args, **named)
