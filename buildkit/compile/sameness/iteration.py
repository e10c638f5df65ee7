"""A loop over `x.items()` and its kin goes through what the method gives, and hears of it when the dict changes.

Cython goes through the dict itself where it is one, and notices a change of its size alone. And in
`for i, (a, b) in enumerate(x)` it assigns `a` and `b` before `i`, which is seen where one of them cannot be assigned,
has the same name, or is `x[i]`.
"""

from __future__ import annotations

from typing import Any

from Cython.Compiler import ExprNodes, Nodes

from buildkit.compile.sameness.cells import local
from buildkit.compile.sameness.numbers import AsObject, Unknown
from buildkit.compile.sameness.tree import kind, within

ITEM = "__buildkit_item__"
"""The local that has what a loop over `enumerate(x)` has come to, until it is taken apart."""

_NAMES = ("NameNode", "Variable")
_VIEWS = frozenset(["items", "keys", "values"])
_OF_BYTES = frozenset(["bytes", "bytearray"])
"""Through whose bytes Cython goes as numbers of C, or dies if these are to be taken apart."""


def keep_iteration(body: Any) -> None:
    """Let each loop in a function's body ask the iterator.

    Args:
        body: Cython's tree of it, just parsed; it is changed.
    """
    for node in [*within(body)]:
        if kind(node) == "ForInStatNode":
            _keep_enumeration(node)
        if kind(node) == "IteratorNode":
            node.sequence = _kept(node.sequence)


def _keep_enumeration(loop: Any) -> None:
    """Let the counter of a loop over `enumerate(x)` be assigned first, what is behind it in a statement of its own."""
    targets: Any = getattr(loop.target, "args", None) or []
    called = getattr(loop.iterator.sequence, "function", None)
    if getattr(called, "name", "") != "enumerate" or len(targets) != 2:  # noqa: PLR2004 - the counter and the item
        return
    first, second = targets
    if kind(first) in _NAMES and kind(second) in _NAMES and first.name != second.name:
        return
    if kind(first) not in _NAMES or kind(second) == "StarredUnpackingNode":
        loop.iterator.sequence = View(loop.iterator.sequence.pos, arg=loop.iterator.sequence)
        return
    targets[1] = local(second.pos, ITEM)
    unpacked = Nodes.SingleAssignmentNode(second.pos, lhs=second, rhs=local(second.pos, ITEM))
    forgotten = Nodes.SingleAssignmentNode(second.pos, lhs=local(second.pos, ITEM), rhs=ExprNodes.NoneNode(second.pos))
    loop.body = Nodes.StatListNode(second.pos, stats=[unpacked, forgotten, loop.body])


def _kept(sequence: Any) -> Any:
    if kind(sequence) != "SimpleCallNode":
        return sequence
    if getattr(sequence.function, "name", "") == "enumerate":
        sequence.args = [_kept(each) for each in sequence.args]
    function = sequence.function
    is_view = kind(function) == "AttributeNode" and function.attribute in _VIEWS
    is_of_bytes = kind(function) == "NameNode" and function.name in _OF_BYTES
    return View(sequence.pos, arg=sequence) if is_view or is_of_bytes else sequence


class View(AsObject):
    """What such a method gives, of which Cython is not to see the call."""

    def analyse_types(self, env: Any) -> Any:
        return Unknown(self.pos, self.arg.analyse_types(env).coerce_to_pyobject(env))
