"""Unpacking as Python does it: `a, *b = x` in `unpacking.c`, with the words of each version where it fails.

A comprehension in the target of a `with` has its own names, which Cython looks for in the module.
"""

from __future__ import annotations

from typing import Any

from Cython.Compiler import ExprNodes, Nodes

from buildkit.compile.sameness.cells import local
from buildkit.compile.sameness.iteration import ITEM
from buildkit.compile.sameness.numbers import AsObject
from buildkit.compile.sameness.tree import kind, within

_SEQUENCES = ("TupleNode", "ListNode")
_TEXTS = ("UnicodeNode", "IdentifierStringNode", "BytesNode")


def keep_unpacking(body: Any) -> None:
    """Let each unpacking in a function's body be Python's.

    Args:
        body: Cython's tree of it, just parsed; it is changed.
    """
    for node in [*within(body)]:
        if kind(node) == "WithStatNode" and node.target is not None and _comprehends(node.target):
            _assign_within(node)
    for node in [*within(body)]:
        lhs = [*getattr(node, "lhs_list", ()), *([node.lhs] if kind(node) == "SingleAssignmentNode" else ())]
        if not all(_fits(each, node.rhs) for each in lhs):
            node.rhs = AsObject(node.rhs.pos, arg=node.rhs)
        for target in (getattr(node, "lhs", None), *getattr(node, "lhs_list", ()), getattr(node, "target", None)):
            _keep(target)


def _comprehends(target: Any) -> bool:
    return any(kind(each) == "ComprehensionNode" for each in within(target))


def _assign_within(statement: Any) -> None:
    """Let the target be assigned by the first statement of the body, as it is guarded by the manager too."""
    pos, target = statement.target.pos, statement.target
    assignment = Nodes.SingleAssignmentNode(pos, lhs=target, rhs=local(pos, ITEM))
    forgotten = Nodes.SingleAssignmentNode(pos, lhs=local(pos, ITEM), rhs=ExprNodes.NoneNode(pos))
    statement.target = local(pos, ITEM)
    statement.body = Nodes.StatListNode(pos, stats=[assignment, forgotten, statement.body])


def _fits(target: Any, value: Any) -> bool:
    """Return whether Cython can assign the parts one by one, or has to take a value apart; else it refuses the text."""
    if kind(target) not in _SEQUENCES or kind(value) not in (*_SEQUENCES, *_TEXTS):
        return True
    if kind(value) in _TEXTS or any(kind(each) == "StarredUnpackingNode" for each in (*target.args, *value.args)):
        return False
    return len(target.args) == len(value.args) and all(map(_fits, target.args, value.args))


def _keep(target: Any) -> None:
    if kind(target) == "StarredUnpackingNode":
        _keep(target.target)
    elif kind(target) in _SEQUENCES:
        target.__class__ = UnpackedTuple if kind(target) == "TupleNode" else UnpackedList
        for each in target.args:
            _keep(each)


def _assign(self: Any, rhs: Any, code: Any, **_: Any) -> None:
    for item in self.unpacked_items:
        item.allocate(code)
    stars = [at for at, arg in enumerate(self.args) if arg.is_starred]
    before = stars[0] if stars else len(self.args)
    after = len(self.args) - before - 1
    code.putln(f"{{ PyObject *items[{max(len(self.args), 1)}];")
    code.put_error_if_neg(self.pos, f"buildkit_unpack({rhs.py_result()}, items, {before}, {after})")
    for at, item in enumerate(self.unpacked_items):
        code.putln(f"{item.result()} = items[{at}];")
        item.generate_gotref(code)
    code.putln("}")
    rhs.generate_disposal_code(code)
    for value in self.coerced_unpacked_items:
        value.generate_evaluation_code(code)
    for arg, value in zip(self.args, self.coerced_unpacked_items, strict=True):
        arg.generate_assignment_code(value, code)
    for item in self.unpacked_items:
        item.release(code)
    rhs.free_temps(code)


class UnpackedTuple(ExprNodes.TupleNode):
    """Targets that get the items of one value."""

    generate_assignment_code = _assign  # type: ignore[assignment]


class UnpackedList(ExprNodes.ListNode):
    """The same in brackets."""

    generate_assignment_code = _assign  # type: ignore[assignment]
