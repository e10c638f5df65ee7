"""`x.exec(…)` calls a method, unless `x` holds the builtin: then that finds the names and values of the function.

Of `exec`, `eval` and `locals`, and of `vars` and `dir` without an argument, nobody can say from the text whose method
they are: a session's, mostly. So what the attribute has come to is looked at when it is called. If it is the builtin,
the function's frame is given all of its values for as long as that call lasts (`shown.c`), and the builtin does with
them what it does in Python. A function that has such a call stays Python where compiled ones have no frames.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from Cython.Compiler import ExprNodes
from Cython.Compiler.StringEncoding import EncodedString

from buildkit.compile.sameness.definitions import parts
from buildkit.compile.sameness.frames import FramedGeneralCall
from buildkit.compile.sameness.generators import yields
from buildkit.compile.sameness.tree import kind, within

ASKING = frozenset(["exec", "eval", "locals"])
"""Builtins that ask for the names of the function that calls them."""
ASKING_ALONE = frozenset(["vars", "dir"])
"""Those that do so where they get no argument."""


def may_ask(call: Any) -> bool:
    """Return whether a call is one of an attribute that could be such a builtin.

    Args:
        call: Cython's node of it, just parsed.
    """
    if kind(call) not in ("SimpleCallNode", "GeneralCallNode") or kind(call.function) != "AttributeNode":
        return False
    name = call.function.attribute
    return name in ASKING or (name in ASKING_ALONE and not getattr(call, "args", None))


def why_not(body: Any) -> str:
    """Return why a function with such calls stays Python, empty if it does not.

    Args:
        body: Cython's tree of it, just parsed.
    """
    asking = [node for node in parts(body) if may_ask(node)]
    if asking and yields(body):
        return f"{asking[0].function.attribute}() in a generator"
    within_another = next(_in_comprehensions(body), None)
    return f"{within_another.function.attribute}() in a comprehension" if within_another else ""


def _in_comprehensions(body: Any) -> Iterator[Any]:
    """Yield the calls that stand in a comprehension, but for what its first loop goes through."""
    for node in parts(body):
        if kind(node) in ("ComprehensionNode", "Consumed"):
            first = {id(each) for each in within(getattr(node.loop.iterator, "sequence", None) or node.loop.iterator)}
            yield from (each for each in parts(node) if may_ask(each) and id(each) not in first)


def show_names(body: Any, own: list[str], shared: list[str], variable: Callable[[Any, str], Any]) -> bool:
    """Let the calls in a function's body that may ask for its names know these; return whether there are any.

    Args:
        body: Cython's tree of it, in which shared names are variables already; it is changed.
        own: the names that are locals.
        shared: those that have cells.
        variable: returns the node of a shared name, given its place.
    """
    asking = [node for node in parts(body) if may_ask(node)]
    for node in asking:
        node.own_names = own
        node.cells = [variable(node.pos, name) for name in shared]
    return bool(asking)


def keep_shown(body: Any) -> None:
    """Let the calls in a function's body that may ask for its names show them.

    Args:
        body: Cython's tree of it, just parsed; it is changed.
    """
    for node in [*within(body)]:
        if hasattr(node, "own_names"):
            if kind(node) == "SimpleCallNode":
                node.positional_args, node.keyword_args = ExprNodes.TupleNode(node.pos, args=node.args), None
            node.__class__ = AskingCall


class AskingCall(FramedGeneralCall):
    """A call of an attribute that may be a builtin which asks for the names of the function.

    Attributes:
        own_names: those that are locals.
        cells: the variables of those that have cells.
    """

    own_names: list[str]
    cells: list[Any]
    values: list[str]

    def analyse_types(self, env: Any) -> Any:
        super().analyse_types(env)
        self.values = []
        while getattr(env, "is_generator_expression_scope", False):  # it stands in what a comprehension goes through
            env = env.parent_scope
        for name in self.own_names:
            entry = env.lookup_here(EncodedString(name))
            entry.used = True
            self.values.append(entry.cname)
        for each in self.cells:
            each.cell = each.cell.analyse_types(env)
        return self

    def in_c(self, code: Any, function: str, given: str) -> None:
        """Write the C of the call; `function` is what any other call would be of."""
        called = self.function.py_result()
        for each in self.cells:
            each.generate_subexpr_evaluation_code(code)
        names = [_shown(name, is_cell=False) for name in self.own_names]
        names += [_shown(each.name, is_cell=True) for each in self.cells]
        values = [*self.values, *(each.in_c() for each in self.cells)]
        code.putln(f"if (unlikely(buildkit_asks({called}))) {{")
        code.putln(f"static const buildkit_shown names[] = {{{', '.join([*names, '{NULL, 0}'])}}};")
        code.putln(f"PyObject *values[] = {{{', '.join([*values, 'NULL'])}}};")
        code.putln(f"{self.result()} = buildkit_call_shown({code.frame}, {called}, {given}, names, values);")
        code.putln(f"}} else {self.result()} = PyObject_Call({called}, {given});")
        for each in self.cells:
            each.generate_subexpr_disposal_code(code)
            each.free_subexpr_temps(code)


def _shown(name: str, *, is_cell: bool) -> str:
    return f"{{{EncodedString(name).as_c_string_literal()}, {int(is_cell)}}}"
