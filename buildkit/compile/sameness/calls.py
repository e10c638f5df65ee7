"""What is checked before it is used: `*x` and `**x` in calls and displays, and managers.

Cython takes a list of pairs for a mapping, and has words of its own for all of them. The checks, with Python's words,
stand in `calls.c`. In `f(*x, **y)`, `x` is taken apart when `y` is known; and a display behind `**` is one thing, not
keywords.
"""

from __future__ import annotations

from typing import Any

from Cython.Compiler import Builtin, ExprNodes, PyrexTypes

from buildkit.compile.sameness.numbers import AsObject
from buildkit.compile.sameness.tree import is_simple, kind, within


def keep_checks(body: Any) -> None:
    """Let what is unpacked or entered in a function's body be checked as by Python.

    Args:
        body: Cython's tree of it, just parsed; it is changed.
    """
    for node in [*within(body)]:
        name = kind(node)
        if name == "GeneralCallNode":
            _keep_call(node)
        elif name in ("TupleNode", "ListNode"):  # targets have another name by now
            for each in node.args:
                if kind(each) == "StarredUnpackingNode":
                    each.target = Checked(each.target.pos, each.target, "buildkit_check_star")
        elif name == "MergedSequenceNode":
            check = "" if node.type.name == "set" else "buildkit_check_star"
            node.args = [each if _is_display(each) else Checked(each.pos, each, check) for each in node.args]
        elif name == "SimpleCallNode" and getattr(node.function, "name", "") in ("getattr", "hasattr"):
            check = f"buildkit_check_{node.function.name}"
            node.args[1:2] = [each if _is_text(each) else Checked(each.pos, each, check) for each in node.args[1:2]]
        elif name == "MergedDictNode" and not hasattr(node, "call"):
            node.keyword_args = [_merged(each) for each in node.keyword_args]
        elif name == "WithStatNode" and not node.is_async:
            node.manager = Checked(node.manager.pos, node.manager, "buildkit_check_manager_at")


def _merged(part: Any) -> Any:
    """Return a part of a display with `**`: Cython puts the pairs of a display in it in one by one."""
    if kind(part) != "DictNode":
        return Mapping(part.pos, arg=part)
    keys = [pair.key for pair in part.key_value_pairs]
    is_plain = len(keys) == 1 or all(is_simple(key) and kind(key) != "NameNode" for key in keys)
    return part if is_plain else Mapping(part.pos, arg=AsObject(part.pos, arg=part))


def _is_display(node: Any) -> bool:
    return kind(node) in ("TupleNode", "ListNode", "SetNode")


def _is_text(node: Any) -> bool:
    return kind(node) in ("UnicodeNode", "IdentifierStringNode")


def _keep_call(node: Any) -> None:
    for each in within(node.positional_args):
        if kind(each) == "AsTupleNode":
            alone = each is node.positional_args
            each.__class__ = StarArguments
            each.call = node if alone else None
            each.is_late = alone and bool(node.keyword_args)
    if getattr(node.positional_args, "is_late", False):
        node.__class__ = LateCall
    keywords = node.keyword_args
    if keywords is not None and (kind(keywords) != "DictNode" or _is_doubtful(keywords)):
        given = keywords.keyword_args if kind(keywords) == "MergedDictNode" else [keywords]
        args = [part for each in given for part in (_apart(each) if kind(each) == "DictNode" else [each])]
        node.keyword_args = Keywords(keywords.pos, keyword_args=args)
        node.keyword_args.call = node
        keywords.call = node  # it is no display


def _is_doubtful(keywords: Any) -> bool:
    """Return whether a display may have a key twice: of `f(a=1, **{"a": 2})` the parser makes one."""
    keys = _keys(keywords.key_value_pairs)
    return "" in keys or len({*keys}) < len(keys)


def _keys(pairs: list[Any]) -> list[str]:
    return [str(pair.key.value) if _is_text(pair.key) else "" for pair in pairs]


def _apart(display: Any) -> list[Any]:
    """Return what the parser made one display of: keywords, and displays behind `**` as far as that is seen."""
    parts: list[list[Any]] = []
    for pair in display.key_value_pairs:
        is_keyword = kind(pair.key) == "IdentifierStringNode"
        if parts and not is_keyword and kind(parts[-1][0].key) != "IdentifierStringNode":
            keys = _keys(parts[-1])
            if not _is_text(pair.key) or str(pair.key.value) not in keys:
                parts[-1].append(pair)
                continue
        parts.append([pair])
    displays = [ExprNodes.DictNode(pairs[0].pos, key_value_pairs=pairs) for pairs in parts]
    return [AsObject(each.pos, arg=each) for each in displays]  # or Cython would make one of them again


class Checked(ExprNodes._TempModifierNode):  # noqa: SLF001 - a node that has the value of another
    """A value that a function of C looks at before it is used.

    Attributes:
        check: its name, empty if there is nothing to check but Cython shall not do it either.
    """

    def __init__(self, pos: Any, arg: Any, check: str) -> None:
        super().__init__(pos, arg)
        self.check = check

    def analyse_types(self, env: Any) -> Any:
        self.arg = self.arg.analyse_types(env).coerce_to_pyobject(env)
        return self

    def is_simple(self) -> bool:
        return False

    def may_be_none(self) -> bool:
        return False

    def generate_result_code(self, code: Any) -> None:
        if self.check:
            code.put_error_if_neg(self.pos, f"{self.check}({self.arg.py_result()})")


class Mapping(ExprNodes.AsTupleNode):
    """What stands behind `**` in a display."""

    def analyse_types(self, env: Any) -> Any:
        self.arg = self.arg.analyse_types(env).coerce_to_pyobject(env)
        return self

    type = PyrexTypes.py_object_type

    def generate_result_code(self, code: Any) -> None:
        call = f"buildkit_mapping({self.arg.py_result()})"
        code.putln(f"{self.result()} = {call}; {code.error_goto_if_null(self.result(), self.pos)}")
        self.generate_gotref(code)


class StarArguments(ExprNodes.AsTupleNode):
    """What stands behind `*` in a call.

    Attributes:
        call: it, if nothing else stands beside it.
        is_late: whether it is taken apart when the keywords are known, by the call.
    """

    call: Any = None
    is_late = False

    def analyse_types(self, env: Any) -> Any:
        self.arg = self.arg.analyse_types(env).coerce_to_pyobject(env)
        self.type = Builtin.builtin_types["tuple"]
        return self

    def generate_result_code(self, code: Any) -> None:
        if self.is_late:
            code.putln(f"{self.result()} = {self.arg.py_result()}; Py_INCREF({self.result()});")
        else:
            function = self.call.function.py_result() if self.call else "NULL"
            call = f"buildkit_star_arguments({function}, {self.arg.py_result()})"
            code.putln(f"{self.result()} = {call}; {code.error_goto_if_null(self.result(), self.pos)}")
        self.generate_gotref(code)

    def take_apart(self, code: Any) -> None:
        """Write the C that makes a tuple of it, if that is left to the call."""
        if self.is_late:
            given = self.result()
            code.putln(f"{{ PyObject *all = buildkit_star_arguments({self.call.function.py_result()}, {given});")
            code.putln(f"Py_DECREF({given}); {given} = all; }} {code.error_goto_if_null(given, self.pos)}")


class LateCall(ExprNodes.GeneralCallNode):
    """`function(*x, **y)`: takes `x` apart when `y` is known."""

    def generate_result_code(self, code: Any) -> None:
        self.positional_args.take_apart(code)
        super().generate_result_code(code)


class Keywords(ExprNodes.MergedDictNode):
    """What a call with `**` has of keywords."""

    call: Any

    def analyse_types(self, env: Any) -> Any:
        self.keyword_args = [each.analyse_types(env).coerce_to_pyobject(env) for each in self.keyword_args]
        return self

    def generate_evaluation_code(self, code: Any) -> None:
        code.mark_pos(self.pos)
        self.allocate_temp_result(code)
        code.putln(f"{self.result()} = PyDict_New(); {code.error_goto_if_null(self.result(), self.pos)}")
        self.generate_gotref(code)
        for each in self.keyword_args:
            each.generate_evaluation_code(code)
            function, given = self.call.function.py_result(), each.py_result()
            code.put_error_if_neg(self.pos, f"buildkit_merge_keywords({function}, {self.result()}, {given})")
            each.generate_disposal_code(code)
            each.free_temps(code)
