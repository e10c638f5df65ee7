"""Which names each function takes from the functions around it, and which of its own it gives, as Python decides it.

Nothing rests on this alone: where it is not what the function's own bytecode says, the function stays Python.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from buildkit.compile.sameness.definitions import (
    A_CLASS,
    COMPREHENSION,
    CONSUMED,
    FUNCTIONS,
    GENERATOR,
    outside,
    parameters,
)
from buildkit.compile.sameness.jumps import names_passed_by
from buildkit.compile.sameness.tree import children, kind, within

CLASS = "__class__"
"""The name by which a method finds the class in which it stands."""

_NAMES = {"LambdaNode": "<lambda>", GENERATOR: "<genexpr>", COMPREHENSION: "<comprehension>"}
_TARGETS = {
    "SingleAssignmentNode": "lhs",
    "InPlaceAssignmentNode": "lhs",
    "ForInStatNode": "target",
    "AsyncForStatNode": "target",
    "WithStatNode": "target",
    "ExceptClauseNode": "target",
}


@dataclass(eq=False, slots=True)
class Scope:
    """A module, a class, a function, a comprehension or a generator expression, and its names.

    Args:
        node: Cython's, just parsed.
        around: the scope in which it stands, None for a module.
        owner: the innermost class around it, empty if none; private names are written out with it.
        name: what Python calls its code.
    """

    node: Any
    around: Scope | None
    owner: str = ""
    name: str = ""
    bound: set[str] = field(default_factory=set)
    asked: set[str] = field(default_factory=set)
    declared_global: set[str] = field(default_factory=set)
    declared_nonlocal: set[str] = field(default_factory=set)
    in_cells: set[str] = field(default_factory=set)
    inner: list[Scope] = field(default_factory=list)

    @property
    def kind(self) -> str:
        """What Cython calls the kind of its node; a generator expression that became a loop is a comprehension."""
        return COMPREHENSION if kind(self.node) == CONSUMED else kind(self.node)

    @property
    def is_function(self) -> bool:
        """Whether it is a `def` or a `lambda`."""
        return self.kind in FUNCTIONS

    @property
    def own(self) -> set[str]:
        """The names that it binds for itself, whether or not it ever comes to it."""
        return self.bound - self.declared_global - self.declared_nonlocal

    @property
    def free(self) -> tuple[str, ...]:
        """The names that it takes from the functions around it, sorted."""
        return tuple(sorted(self.needs() & self.offered()))

    @property
    def cells(self) -> set[str]:
        """The names of its own whose values are in cells.

        These are the names that functions, classes and generator expressions in it take. And those that `:=` binds, so
        that each is read when Python reads it: `x + (x := 1)` has two values of it. And those that `del` unbinds, since
        Cython takes for granted that a name still has a value where an error came up behind the `del`.
        """
        return self.own & (self.taken() | self.in_cells)

    def binds(self, name: str) -> bool:
        """Return whether it, or one around it, has this name itself."""
        return name in self.bound or (self.around is not None and self.around.binds(name))

    def needs(self) -> set[str]:
        """Return the names that are looked for around it, by itself or by what is in it."""
        if self.kind == A_CLASS:
            beneath = {name for each in self.inner for name in each.needs()} - {CLASS}
            return (self.asked - self.own - self.declared_global) | beneath
        beneath = {name for each in self.inner for name in each.needs()}
        return (self.asked | self.declared_nonlocal | beneath) - self.own - self.declared_global

    def offered(self) -> set[str]:
        """Return the names that the functions and the class around it have for it."""
        if self.around is None:
            return set()
        if self.around.kind == A_CLASS:
            return self.around.offered() | {CLASS}
        if self.around.around is None:
            return set()
        return (self.around.offered() | self.around.own) - self.around.declared_global

    def taken(self) -> set[str]:
        """Return the names that functions, classes and generator expressions in it look for around them."""
        found: set[str] = set()
        for each in self.inner:
            found |= each.taken() - each.own if each.kind == COMPREHENSION else each.needs()
        return found


def scopes(module: Any) -> Scope:
    """Return the scope of a module, with all others in it.

    Args:
        module: Cython's tree of it, just parsed, private names written out.
    """
    top = Scope(module, None)
    _visit(module.body, top)
    return top


def every(scope: Scope) -> Iterator[Scope]:
    """Yield a scope and all in it, those around before those in them."""
    yield scope
    for each in scope.inner:
        yield from every(each)


def targets(target: Any) -> set[str]:
    """Return the names that an assignment to a target binds."""
    if kind(target) == "NameNode":
        return {target.name}
    if kind(target) in ("TupleNode", "ListNode"):
        return {name for each in target.args for name in targets(each)}
    return targets(target.target) if kind(target) == "StarredUnpackingNode" else set()


def _visit(node: Any, scope: Scope) -> None:
    name = kind(node)
    if name in FUNCTIONS or name in (A_CLASS, COMPREHENSION, GENERATOR):
        _enter(node, scope)
        return
    if name == "NameNode":
        scope.asked.add(node.name)
        if node.name == "super":
            scope.asked.add(CLASS)
        if getattr(node, "annotation", None) is not None:
            scope.bound.add(node.name)
    elif name == "GlobalNode":
        scope.declared_global |= {*node.names}
    elif name == "NonlocalNode":
        scope.declared_nonlocal |= {*node.names}
    elif name == "MatchNode":
        scope.bound |= _captured(node)
    elif name == "AssignmentExpressionNode":
        scope.asked.add(node.target_name)
        around = _around_comprehensions(scope)
        around.bound.add(node.target_name)
        around.in_cells.add(node.target_name)
        _visit(node.assignment.rhs, scope)
        return
    else:
        _bind(node, scope)
    for child in children(node):
        _visit(child, scope)


def _bind(node: Any, scope: Scope) -> None:
    name = kind(node)
    if name in ("TryFinallyStatNode", "ExceptClauseNode"):
        scope.in_cells |= names_passed_by(node)
    target = getattr(node, _TARGETS.get(name, ""), None)
    if target is not None:
        scope.bound |= targets(target)
    elif name == "CascadedAssignmentNode":
        scope.bound |= {each for target in node.lhs_list for each in targets(target)}
    elif name == "DelStatNode":
        scope.bound |= {each for target in node.args for each in targets(target)}
        scope.in_cells |= {each for target in node.args for each in targets(target)}
    elif name == "FromImportStatNode":
        scope.bound |= {each for _, target in node.items for each in targets(target)}


def _around_comprehensions(scope: Scope) -> Scope:
    while scope.kind in (COMPREHENSION, GENERATOR) and scope.around is not None:
        scope = scope.around
    return scope


def _captured(match: Any) -> set[str]:
    """Return the names that the patterns of a `match` bind."""
    found: set[str] = set()
    for case in match.cases:
        for node in within(getattr(case, "pattern", case)):
            for part in ("target", "double_star_capture_target"):
                found |= targets(getattr(node, part, None))
            for each in getattr(node, "as_targets", ()):
                found |= targets(each)
    return found


def _enter(node: Any, around: Scope) -> None:
    for each in outside(node):
        _visit(each, around)
    owner = node.name if kind(node) == A_CLASS else around.owner
    scope = Scope(node, around, str(owner), _NAMES.get(kind(node)) or str(node.name))
    around.inner.append(scope)
    if kind(node) in ("DefNode", A_CLASS):
        around.bound.add(private(around.owner)(node.name))
    if kind(node) in FUNCTIONS:
        scope.bound |= {*parameters(node)}
        _visit(node.body if kind(node) == "DefNode" else node.result_expr, scope)
    elif kind(node) == A_CLASS:
        _visit(node.body, scope)
    else:
        _loop(node, scope)


def _loop(node: Any, scope: Scope) -> None:
    first = {id(each) for each in outside(node)}

    def walk(node: Any) -> None:
        for child in children(node):
            if id(child) not in first:
                if kind(child) in ("IteratorNode", "AsyncIteratorNode"):
                    walk(child)
                else:
                    _visit(child, scope)

    _bind(node.loop, scope)
    walk(node.loop)


def private(owner: str) -> Callable[[str], str]:
    """Return what writes the private names of a class (`__x`) out, as they are in Python's bytecode.

    Args:
        owner: the class, empty if there is none.
    """
    prefix = f"_{owner.lstrip('_')}" if owner.strip("_") else ""

    def written(name: str) -> str:
        return prefix + name if prefix and name.startswith("__") and not name.endswith("__") else name

    return written
