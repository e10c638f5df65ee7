"""The order of evaluation: a method comes before its arguments, and a dict is filled when all of it is known.

Cython evaluates the arguments of `x.method(f())` first, and puts the first key of `{key: f()}` in before it comes to
the second. Which is seen where a part raises, or has an effect. And it takes `x.__eq__(1)` for `x == 1`, which asks
more, and never gives `NotImplemented`.
"""

from __future__ import annotations

from typing import Any

from Cython.Compiler import ExprNodes, PyrexTypes

from buildkit.compile.sameness.calls import Checked
from buildkit.compile.sameness.tree import is_simple, kind, within

_QUICK = {
    ("append", 1): "PyList_CheckExact",
    ("get", 1): "PyDict_CheckExact",
    ("get", 2): "PyDict_CheckExact",
    ("startswith", 1): "PyUnicode_CheckExact",
    ("endswith", 1): "PyUnicode_CheckExact",
    ("find", 1): "PyUnicode_CheckExact",
    ("replace", 2): "PyUnicode_CheckExact",
}
"""Methods with their number of arguments that C calls without a search if the object is one of these (`methods.c`)."""
_SMALL = 15
"""Pairs of a display above which Python itself fills a dict piece by piece."""


def keep_order(body: Any) -> None:
    """Let the parts of calls and displays in a function's body be evaluated in Python's order.

    Args:
        body: Cython's tree of it, just parsed; it is changed.
    """
    for node in [*within(body)]:
        if kind(node) == "SimpleCallNode" and kind(node.function) == "AttributeNode":
            name, is_late = node.function.attribute, not all(is_simple(each) for each in node.args)
            is_quick = name != "append" and (name, len(node.args)) in _QUICK
            if name.startswith("__") or ((is_quick or is_late) and not _is_literal(node.function.obj)):
                _make_method_call(node, node.args, None)
        elif kind(node) in ("GeneralCallNode", "LateCall") and kind(node.function) == "AttributeNode":
            _keep_general(node)
        elif kind(node) == "DictNode" and len(node.key_value_pairs) <= _SMALL and not _has_literal_keys(node):
            node.__class__ = Display


def _keep_general(node: Any) -> None:
    """Let the method of a call with keywords come first."""
    positional, keywords = node.positional_args, node.keyword_args
    if kind(positional) != "TupleNode" or kind(keywords) != "DictNode":
        node.function = Checked(node.function.pos, node.function, "")
        return
    pairs = keywords.key_value_pairs
    args = [*positional.args, *(pair.value for pair in pairs)]
    if all(is_simple(each) for each in args):
        return
    if _is_literal(node.function.obj) or any(kind(each) == "StarredUnpackingNode" for each in args):
        node.function = Checked(node.function.pos, node.function, "")
    else:
        _make_method_call(node, args, ExprNodes.TupleNode(node.pos, args=[pair.key for pair in pairs]))


def _make_method_call(node: Any, args: list[Any], names: Any) -> None:
    function = node.function
    node.__class__ = MethodCall
    node.obj, node.attribute, node.args, node.names = function.obj, function.attribute, args, names


def _is_literal(node: Any) -> bool:
    return kind(node) in ("UnicodeNode", "IdentifierStringNode", "BytesNode", "JoinedStrNode")


def _has_literal_keys(node: Any) -> bool:
    return all(is_simple(each.key) and kind(each.key) != "NameNode" for each in node.key_value_pairs)


class ObjectCall(ExprNodes.CallNode):
    """A call that Cython is to know nothing of but that it gives an object."""

    type = PyrexTypes.py_object_type
    is_temp = True

    def infer_type(self, env: Any) -> Any:
        return PyrexTypes.py_object_type

    def type_dependencies(self, env: Any) -> tuple[()]:
        return ()

    def calculate_constant_result(self) -> None:
        pass

    def may_be_none(self) -> bool:
        return True


class MethodCall(ObjectCall):
    """`obj.attribute(*args)`.

    Attributes:
        names: those of the last arguments, a tuple; None if none has a name.
    """

    subexprs = ["obj", "args", "names"]  # noqa: RUF012 - as all of Cython's nodes
    obj: Any
    attribute: Any
    args: list[Any]
    names: Any

    def analyse_types(self, env: Any) -> Any:
        self.obj = self.obj.analyse_types(env).coerce_to_pyobject(env).coerce_to_temp(env)
        self.args = [each.analyse_types(env).coerce_to_pyobject(env) for each in self.args]
        if self.names is not None:
            self.names = self.names.analyse_types(env)
        return self

    def generate_evaluation_code(self, code: Any) -> None:
        code.mark_pos(self.pos)
        self.allocate_temp_result(code)
        self.obj.generate_evaluation_code(code)
        method = code.funcstate.allocate_temp(PyrexTypes.py_object_type, manage_ref=True)
        how = code.funcstate.allocate_temp(PyrexTypes.c_int_type, manage_ref=False)
        obj, name = self.obj.py_result(), code.get_py_string_const(self.attribute)
        is_known = None if self.names else _QUICK.get((self.attribute, len(self.args)))
        if is_known:
            code.putln(f"if ({is_known}({obj})) {how} = 2; else {{")
        code.putln(f"{how} = buildkit_method_at({obj}, {name}, &{method});")
        code.putln(f"if (unlikely(!{method})) {code.error_goto(self.pos)}")
        if is_known:
            code.putln("}")
        for each in self._others():
            each.generate_evaluation_code(code)
        given = ", ".join([obj, *(each.py_result() for each in self.args)])
        code.putln(f"{{ PyObject *given[] = {{{given}}};")
        if is_known:
            quick = f"buildkit_quick_{self.attribute}({name}, given, {len(self.args)})"
            code.putln(f"if ({how} == 2) {self.result()} = {quick}; else")
        count = len(self.args) - (len(self.names.args) if self.names else 0)
        names = self.names.py_result() if self.names else "NULL"
        code.putln(f"{self.result()} = buildkit_call_method({method}, given, {count}, {names}, {how}); }}")
        code.putln(code.error_goto_if_null(self.result(), self.pos))
        self.generate_gotref(code)
        code.put_xdecref_clear(method, PyrexTypes.py_object_type)
        code.funcstate.release_temp(method)
        code.funcstate.release_temp(how)
        for each in (*self._others(), self.obj):
            each.generate_disposal_code(code)
            each.free_temps(code)

    def _others(self) -> list[Any]:
        return [*self.args, self.names] if self.names else self.args


class Display(ExprNodes.DictNode):
    """A dict display of which not all keys are literals."""

    def generate_evaluation_code(self, code: Any) -> None:
        code.mark_pos(self.pos)
        self.allocate_temp_result(code)
        for pair in self.key_value_pairs:
            pair.generate_evaluation_code(code)
        size = len(self.key_value_pairs)
        code.putln(f"{self.result()} = __Pyx_PyDict_NewPresized({size});")
        code.putln(code.error_goto_if_null(self.result(), self.pos))
        self.generate_gotref(code)
        for pair in self.key_value_pairs:
            call = f"PyDict_SetItem({self.result()}, {pair.key.py_result()}, {pair.value.py_result()})"
            code.put_error_if_neg(self.pos, call)
        for pair in self.key_value_pairs:
            pair.generate_disposal_code(code)
            pair.free_temps(code)
