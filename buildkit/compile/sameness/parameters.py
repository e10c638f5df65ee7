"""Which names are a function's own, and which of its parameters it may lose.

Cython takes it for granted that a parameter has a value: a function that deletes one and reads it after a branch died
(SIGSEGV) where Python raises `UnboundLocalError`. So one that is deleted becomes a local name. And it forgets the names
that are bound only where control never comes (`if 0: x = 1`): they were looked up in the module.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from Cython.Compiler import Nodes, PyrexTypes
from Cython.Compiler.StringEncoding import EncodedString

from buildkit.compile.sameness.cells import given, local
from buildkit.compile.sameness.tree import kind, within


def as_locals(body: Any, names: list[str], cells: set[str]) -> tuple[Any, list[str]]:
    """Return a function's body and the names of its parameters, with those that it deletes taken over by locals.

    Args:
        body: Cython's tree of it, just parsed.
        names: of the parameters.
        cells: those of the function's names that have cells, which take over what is given too.
    """
    deleted = ({name for node in within(body) for name in _deleted(node)} & {*names}) - cells
    if not deleted | cells:
        return body, names
    pos = body.pos
    assignments = [
        Nodes.SingleAssignmentNode(pos, lhs=local(pos, name), rhs=local(pos, given(name)))
        for name in names
        if name in deleted
    ]
    taken_over = deleted | cells
    return Nodes.StatListNode(pos, stats=[*assignments, body]), [given(n) if n in taken_over else n for n in names]


class Locals(Nodes.StatNode):
    """Tells Cython the function's own names.

    Attributes:
        names: of them.
        counters: those of them that only count the rounds of a loop, and are numbers of C.
    """

    child_attrs: list[str] = []  # type: ignore[assignment]  # noqa: RUF012 - as all of Cython's nodes
    names: list[str]
    counters: set[str]

    def analyse_declarations(self, env: Any) -> None:
        for name in self.names:
            if env.lookup_here(name) is None:
                kept = PyrexTypes.c_py_ssize_t_type if name in self.counters else PyrexTypes.py_object_type
                env.declare_var(EncodedString(name), kept, self.pos)

    def analyse_expressions(self, env: Any) -> Any:
        return self

    def generate_execution_code(self, code: Any) -> None:
        pass

    def annotate(self, code: Any) -> None:
        pass


def with_locals(body: Any, names: Iterable[str], *, counts: bool) -> Any:
    """Return a function's body with its own names declared.

    A name that nothing but `for _ in range(10)` binds, and nobody reads, is no object.

    Args:
        body: Cython's tree of it, just parsed.
        names: those that it binds.
        counts: whether `range` is the builtin.
    """
    found = {*names}
    declared = Locals(body.pos, names=sorted(found), counters=_counters(body) & found if counts else set())
    return Nodes.StatListNode(body.pos, stats=[declared, body])


def _counters(body: Any) -> set[str]:
    """Return the names that are only bound by loops over small constant ranges."""
    seen, counting = Counter[str](), Counter[str]()
    for node in within(body):
        if kind(node) == "NameNode":
            seen[node.name] += 1
        elif kind(node) == "ForInStatNode" and kind(node.target) == "NameNode" and _is_small_range(node.iterator):
            counting[node.target.name] += 1
        elif kind(node) in ("GlobalNode", "NonlocalNode", "FromImportStatNode"):
            seen.update(getattr(node, "names", ()))
    return {name for name, count in counting.items() if seen[name] == count}


def _is_small_range(iterator: Any) -> bool:
    call: Any = getattr(iterator, "sequence", None)
    if kind(call) != "SimpleCallNode" or getattr(call.function, "name", "") != "range":
        return False
    return all(kind(each) == "IntNode" and abs(int(each.value, 0)) < _SMALL for each in call.args)


_SMALL = 1 << 30


def _deleted(node: Any) -> list[str]:
    targets = []
    if kind(node) == "DelStatNode":
        targets = [*node.args]
    elif kind(node) == "ExceptClauseNode" and node.target is not None:
        targets = [node.target]
    found = []
    for target in targets:  # grows: of `del (a, b)` both are
        if kind(target) == "NameNode":
            found.append(str(target.name))
        targets += getattr(target, "args", [])
    return found
