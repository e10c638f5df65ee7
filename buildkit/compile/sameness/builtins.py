"""Calls of builtins that Cython writes out in C: only where these do what the call does.

| written | Cython | Python |
|---|---|---|
| `len()`, `next(1, 2, 3)` | no module: it refuses the text | raises when it comes to it |
| `max(f(), g())` | calls `g` first | calls `f` first |
| `for i, x in enumerate(f(), g())` | calls `g` first | calls `f` first |
| `isinstance(x, (int, y))` | takes an error of the check for yes | raises it |
| `iter(2, 5)` | an iterator that fails later | raises |
"""

from __future__ import annotations

from typing import Any

from buildkit.compile.sameness.names import BUILTINS
from buildkit.compile.sameness.numbers import AsObject
from buildkit.compile.sameness.tree import is_simple, kind, within

_ANY = 99
_COUNTS = {
    (0, 0): "object",
    (0, 1): "bool int str bytes bytearray list tuple dict set frozenset",
    (0, _ANY): "zip",
    (1, 1): "len callable repr hash id abs reversed sorted any all type memoryview iter",
    (1, 2): "next enumerate sum",
    (1, 3): "range slice",
    (1, _ANY): "min max",
    (2, 2): "isinstance issubclass hasattr delattr",
    (2, 3): "getattr",
    (3, 3): "setattr",
}
"""How many arguments by position the builtins take, at least and at most: of other calls Python says what it says."""
_NEVER = ("dir", "vars")
"""Which Cython takes for its own by name."""
_ARGUMENTS = {name: counts for counts, names in _COUNTS.items() for name in names.split()}


def keep_builtin_calls(body: Any) -> None:
    """Make calls of builtins in a function's body plain calls where C would do something else.

    Args:
        body: Cython's tree of it, just parsed; it is changed.
    """
    for node in [*within(body)]:
        function: Any = getattr(node, "function", None)
        if kind(node) not in ("SimpleCallNode", "GeneralCallNode") or kind(function) != "NameNode":
            continue
        if function.name in (*BUILTINS, *_NEVER) and not _is_alike(node):
            node.function = AsObject(function.pos, arg=function)
        elif function.name in ("isinstance", "issubclass"):
            node.args = [node.args[0], *(_whole(each) for each in node.args[1:])]


def _whole(classes: Any) -> Any:
    """Return the classes of a check: as one object, if they are builtins and others."""
    if kind(classes) != "TupleNode":
        return classes
    own = [kind(each) == "NameNode" and each.name in BUILTINS for each in classes.args]
    return AsObject(classes.pos, arg=classes) if any(own) and not all(own) else classes


def _is_alike(call: Any) -> bool:
    name = call.function.name
    if name in _NEVER or kind(call) == "GeneralCallNode":
        return False
    args = call.args
    least, most = _ARGUMENTS[name]
    if not least <= len(args) <= most:
        return False
    if name == "enumerate":
        return len(args) == 1 or kind(args[1]) == "IntNode"
    if name in ("min", "max"):
        return len(args) > 1 and all(is_simple(each) for each in args)
    return True
