"""A loop over `x.items()` and its kin goes through what the method gives, and hears of it when the dict changes.

Cython goes through the dict itself where it is one, and notices a change of its size alone.
"""

from __future__ import annotations

from typing import Any

from buildkit.compile.sameness.numbers import AsObject, Unknown
from buildkit.compile.sameness.tree import kind, within

_VIEWS = frozenset(["items", "keys", "values"])


def keep_iteration(body: Any) -> None:
    """Let each loop in a function's body ask the iterator.

    Args:
        body: Cython's tree of it, just parsed; it is changed.
    """
    for node in [*within(body)]:
        if kind(node) == "IteratorNode":
            node.sequence = _kept(node.sequence)


def _kept(sequence: Any) -> Any:
    if kind(sequence) != "SimpleCallNode":
        return sequence
    if getattr(sequence.function, "name", "") == "enumerate":
        sequence.args = [_kept(each) for each in sequence.args]
    is_view = kind(sequence.function) == "AttributeNode" and sequence.function.attribute in _VIEWS
    return View(sequence.pos, arg=sequence) if is_view else sequence


class View(AsObject):
    """What such a method gives, of which Cython is not to see the call."""

    def analyse_types(self, env: Any) -> Any:
        return Unknown(self.pos, self.arg.analyse_types(env).coerce_to_pyobject(env))
