"""A call whose function looks for who called it finds a frame, also where compiled functions have none.

Some have none: those of a free-threaded Python, of one that is newer than this suite, and where the interpreter's
frames are not as they should be. There `logging` and `warnings` named the file, the line and the function of the
caller's caller, and what `namedtuple`, `Enum` or `TypeVar` make was of another module. So these calls go through a
piece of Python that does nothing but call, and looks like the function (`frames.c`), unless it has a frame of its own
(`stack.py`).
"""

from __future__ import annotations

from typing import Any

from buildkit.compile.sameness.methods import ObjectCall
from buildkit.compile.sameness.stack import number
from buildkit.compile.sameness.tree import kind, within

LOOK_AT_THEIR_CALLER = frozenset(
    "debug info warning warn error critical exception log fatal success trace notice msg "  # logging
    "namedtuple NamedTuple TypedDict Enum IntEnum Flag IntFlag StrEnum TypeVar ParamSpec TypeVarTuple NewType "
    "make_dataclass make_class new_class create_model defstruct "  # the module of what they make
    "DocTestSuite DocFileSuite testmod testfile files version_option "  # the module that calls
    "globals compile __import__".split()
)
"""Names of functions that look for the file, the line, the module or the names of who called them."""


def looks_at_its_caller(call: Any) -> bool:
    """Return whether a call is one of a function that looks for who called it.

    Args:
        call: Cython's node of it, just parsed.
    """
    function = call.function.arg if kind(call.function) == "AsObject" else call.function
    name = getattr(function, "attribute", None) or getattr(function, "name", None)
    if name == "type":
        return len(getattr(call, "args", ())) != 1
    return name in LOOK_AT_THEIR_CALLER


def keep_frames(body: Any) -> None:
    """Let each such call in a function's body have a frame.

    Args:
        body: Cython's tree of it, just parsed; it is changed.
    """
    for node in [*within(body)]:
        if kind(node) == "SimpleCallNode" and looks_at_its_caller(node):
            node.__class__ = FramedCall
        elif kind(node) in ("GeneralCallNode", "LateCall") and looks_at_its_caller(node):
            node.__class__ = FramedGeneralCall


class _Framed(ObjectCall):
    function: Any

    def in_c(self, code: Any, function: str, given: str) -> None:
        """Write the C of the call."""
        call = f"{function}({code.frame}, {self.function.py_result()}, {given}, {number(code)}, {self.pos[1]})"
        code.putln(f"{self.result()} = {call};")


class FramedCall(_Framed):
    """A call with arguments by position alone."""

    subexprs = ["function", "args"]  # noqa: RUF012 - as all of Cython's nodes
    args: list[Any]

    def analyse_types(self, env: Any) -> Any:
        self.function = self.function.analyse_types(env).coerce_to_pyobject(env)
        self.args = [each.analyse_types(env).coerce_to_pyobject(env) for each in self.args]
        return self

    def generate_result_code(self, code: Any) -> None:
        code.mark_pos(self.pos)
        given = ", ".join([*(each.py_result() for each in self.args), "NULL"])
        code.putln(f"{{ PyObject *given[] = {{{given}}};")
        self.in_c(code, "buildkit_call_seen", f"given, {len(self.args)}")
        code.putln("}")
        code.putln(code.error_goto_if_null(self.result(), self.pos))
        self.generate_gotref(code)


class FramedGeneralCall(_Framed):
    """A call with other arguments too: no kind of Cython's own of it, which would be made a call without a frame."""

    subexprs = ["function", "positional_args", "keyword_args"]  # noqa: RUF012
    positional_args: Any
    keyword_args: Any

    def analyse_types(self, env: Any) -> Any:
        self.function = self.function.analyse_types(env).coerce_to_pyobject(env)
        self.positional_args = self.positional_args.analyse_types(env).coerce_to_pyobject(env)
        if self.keyword_args:
            self.keyword_args = self.keyword_args.analyse_types(env).coerce_to_pyobject(env)
        return self

    def generate_result_code(self, code: Any) -> None:
        code.mark_pos(self.pos)
        if kind(self.positional_args) == "StarArguments":
            self.positional_args.take_apart(code)
        named = self.keyword_args.py_result() if self.keyword_args else "NULL"
        self.in_c(code, "buildkit_call_seen_tuple", f"{self.positional_args.py_result()}, {named}")
        code.putln(code.error_goto_if_null(self.result(), self.pos))
        self.generate_gotref(code)
