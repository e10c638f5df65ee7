"""A generator expression that is consumed where it stands is a loop of the function: `any(…)`, `" ".join(…)`.

Python makes a generator, resumes it for each value, and nobody else ever sees it. As a loop it does the same in the
same order, and its names are the function's own. What its steps are called in a traceback, and that StopIteration
does not pass it, stays. Not so of `min`, `max` and `dict`, which do something between two values, and of `sum` only
where all values are whole numbers.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from Cython.Compiler import Builtin, ExprNodes, PyrexTypes

from buildkit.compile.sameness.definitions import CONSUMED, GENERATOR, parts
from buildkit.compile.sameness.numbers import AsObject
from buildkit.compile.sameness.scopes import Scope, every
from buildkit.compile.sameness.sums import Sum, are_whole
from buildkit.compile.sameness.tree import children, kind, within

_TYPES: Any = Builtin
_STANDS_FOR_CALL = {
    "any": PyrexTypes.py_object_type,
    "all": PyrexTypes.py_object_type,
    "sum": PyrexTypes.py_object_type,
    "list": _TYPES.list_type,
    "set": _TYPES.set_type,
}
"""Builtins that the loop stands for, with the type of what it makes."""
_TAKE_LISTS = ("tuple", "sorted")
"""Builtins that make a list of what they are given, and get it ready-made."""
_WITHOUT_ITERATOR = ("JoinedStrNode", "SetNode", "DictNode", "MergedDictNode", "MergedSequenceNode")
_MADE_OF = ("str", "set", "frozenset", "dict")
"""What Cython goes through without an iterator, and so evaluates as a step within."""
_TEXTS = ("UnicodeNode", "IdentifierStringNode", "BytesNode")


def consume(top: Scope, builtins: Collection[str]) -> None:
    """Make loops of the generator expressions in a module's functions that are consumed where they stand.

    Args:
        top: the module's scope; the nodes are changed.
        builtins: the names that the module does not bind.
    """
    for scope in every(top):
        if scope.kind != GENERATOR or scope.around is None or not scope.around.is_function:
            continue
        call = _consumer(scope, builtins)
        if call is not None and _is_loop(scope) and _may_add(scope, call, builtins):
            _make_loop(scope.node, call)


def _consumer(scope: Scope, builtins: Collection[str]) -> Any:
    """Return the call that consumes a generator expression, None if there is none."""
    assert scope.around is not None  # noqa: S101 - it stands in a function
    for call in parts(getattr(scope.around.node, "body", None) or scope.around.node.result_expr):
        if kind(call) != "SimpleCallNode" or len(call.args) != 1 or call.args[0] is not scope.node:
            continue
        function = call.function
        if kind(function) == "AttributeNode":
            return call if function.attribute == "join" and kind(function.obj) in _TEXTS else None
        name = getattr(function, "name", "")
        is_builtin = name in builtins and not scope.around.binds(name)
        return call if is_builtin and name in (*_STANDS_FOR_CALL, *_TAKE_LISTS) else None
    return None


def _is_loop(scope: Scope) -> bool:
    """Return whether a generator expression has nothing in it that is another thing in a loop of the function."""
    loop = scope.node.loop
    found = [*map(kind, within(loop))]
    return (
        kind(loop) == "ForInStatNode" and not scope.inner and not {*found} & _ELSEWHERE and "super" not in scope.asked
    )


def _may_add(scope: Scope, call: Any, builtins: Collection[str]) -> bool:
    """Return whether it is not `sum` that consumes a generator expression, or all that is added are whole numbers."""
    if getattr(call.function, "name", "") != "sum":
        return True
    _, end = _innermost(scope.node.loop)
    return are_whole(end.expr.arg, scope.node.loop, lambda name: name in builtins and not scope.binds(name))


def _innermost(loop: Any) -> tuple[Any, Any]:
    """Return the statement of a generator expression that gives a value, behind the one that it stands in."""
    around, end = loop, loop.body
    while kind(end) != "ExprStatNode":
        around, end = end, next(each for each in children(end) if kind(each) in ("ExprStatNode", *_BLOCKS))
    return around, end


_ELSEWHERE = {"AssignmentExpressionNode", "AwaitExprNode", "AsyncForStatNode"}


def _make_loop(node: Any, call: Any) -> None:
    """Make a comprehension of a generator expression, in its place."""
    name = getattr(call.function, "name", "")
    is_decision = name in ("any", "all")
    if is_decision and [*map(kind, within(node.loop))].count("ForInStatNode") > 1:
        return  # it leaves one loop
    node.__class__ = Consumed
    node.type = _STANDS_FOR_CALL.get(name, _TYPES.list_type)
    node.stands_for_call = name in _STANDS_FOR_CALL
    node.number, node.caller = 0, call.pos
    around, end = _innermost(node.loop)
    value = end.expr.arg
    if is_decision:
        node.append = Decision(value.pos, expr=value)
        node.append.is_any = name == "any"
    else:
        node.append = _APPEND.get(name, ExprNodes.ComprehensionAppendNode)(value.pos, expr=value)
    sequence = node.loop.iterator.sequence
    if kind(sequence) in _WITHOUT_ITERATOR or getattr(getattr(sequence, "function", None), "name", "") in _MADE_OF:
        node.loop.iterator.sequence = AsObject(sequence.pos, arg=sequence)
    for part in around.child_attrs:
        if getattr(around, part, None) is end:
            setattr(around, part, node.append)


_BLOCKS = ("ForInStatNode", "IfStatNode", "IfClauseNode")


class Consumed(ExprNodes.ComprehensionNode):
    """A generator expression as a loop.

    Attributes:
        number: its place among all codes of the module.
        stands_for_call: whether it is the result of the call that consumes it, not its argument.
        caller: where the function calls what consumes it.
    """

    append: Any
    number: int
    stands_for_call: bool
    caller: Any

    def generate_operation_code(self, code: Any) -> None:
        outer = code.new_error_label()
        self._begin_outside(code, outer)
        self.append.outside, self.append.caller = outer, self.caller
        if isinstance(self.append, Sum):
            self.append.begin(code)
            self.loop.generate_execution_code(code)
            self.append.end(code)
        elif self.type is PyrexTypes.py_object_type:
            code.putln(f"{self.result()} = {'Py_False' if self.append.is_any else 'Py_True'};")
            code.put_incref(self.result(), PyrexTypes.py_object_type)
            self.loop.generate_execution_code(code)
        else:
            super().generate_operation_code(code)
        inner, code.error_label = code.error_label, outer
        if code.label_used(inner):
            done = code.new_label("consumed")
            code.put_goto(done)
            code.put_label(inner)
            code.putln(f"buildkit_leave_generator({self.number}, __pyx_lineno);")
            code.putln(code.error_goto(self.caller))
            code.put_label(done)

    def _begin_outside(self, code: Any, outer: str) -> None:
        """Let what the loop goes through be evaluated by the function itself, not by a step within."""
        iterator = getattr(self.loop, "iterator", None)
        if iterator is None:
            return
        evaluate = iterator.generate_evaluation_code

        def evaluate_outside(code: Any) -> None:
            inner, code.error_label = code.error_label, outer
            evaluate(code)
            code.error_label = inner

        iterator.generate_evaluation_code = evaluate_outside


assert Consumed.__name__ == CONSUMED  # noqa: S101 - by which all others know it


class Addition(ExprNodes.ComprehensionAppendNode):
    """What `set` does with each value: it is not the generator that adds it.

    Attributes:
        outside: the label for errors of the function itself.
        caller: where it calls `set`.
    """

    target: Any
    outside: str
    caller: Any

    def generate_execution_code(self, code: Any) -> None:
        self.expr.generate_evaluation_code(code)
        inner, code.error_label = code.error_label, self.outside
        code.put_error_if_neg(self.caller, f"PySet_Add({self.target.result()}, {self.expr.py_result()})")
        code.error_label = inner
        self.expr.generate_disposal_code(code)
        self.expr.free_temps(code)


_APPEND: dict[str, Any] = {"set": Addition, "sum": Sum}


class Decision(ExprNodes.ComprehensionAppendNode):
    """What `any` or `all` asks of each value: the first that decides ends the loop.

    Attributes:
        is_any: whether it is `any` that asks.
        outside: the label for errors of the function itself, since it is not the generator that asks.
        caller: where it calls `any` or `all`.
    """

    target: Any
    is_any: bool
    outside: str
    caller: Any

    def analyse_expressions(self, env: Any) -> Any:
        self.expr = self.expr.analyse_expressions(env)
        if self.expr.type is not PyrexTypes.c_bint_type:
            self.expr = self.expr.coerce_to_pyobject(env)
        return self

    def generate_execution_code(self, code: Any) -> None:
        self.expr.generate_evaluation_code(code)
        truth = code.funcstate.allocate_temp(PyrexTypes.c_int_type, manage_ref=False)
        asked = f"__Pyx_PyObject_IsTrue({self.expr.result()})" if self.expr.type.is_pyobject else self.expr.result()
        code.putln(f"{truth} = {asked};")
        if self.expr.type.is_pyobject:
            inner, code.error_label = code.error_label, self.outside
            code.putln(code.error_goto_if_neg(truth, self.caller))
            code.error_label = inner
        self.expr.generate_disposal_code(code)
        self.expr.free_temps(code)
        code.putln(f"if ({'' if self.is_any else '!'}{truth}) {{")
        code.put_decref_set(self.target.result(), PyrexTypes.py_object_type, "Py_True" if self.is_any else "Py_False")
        code.put_incref(self.target.result(), PyrexTypes.py_object_type)
        code.put_goto(code.break_label)
        code.putln("}")
        code.funcstate.release_temp(truth)
