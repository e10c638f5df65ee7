"""Which functions of a module are compiled: those of whose parts each is known to do in C what it does in Python.

A function with anything else stays the bytecode that it is in Python; `why_python` names the first such part.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from buildkit.compile.sameness import making, scopes, shown
from buildkit.compile.sameness.aside import Missing
from buildkit.compile.sameness.definitions import A_CLASS, COMPREHENSION, CONSUMED, GENERATOR, parameters, parts
from buildkit.compile.sameness.generators import yields
from buildkit.compile.sameness.reasons import of_kind
from buildkit.compile.sameness.scopes import Scope, targets
from buildkit.compile.sameness.tree import children, kind
from buildkit.compile.sameness.written import ALIAS, UNBOUND

ALIKE = frozenset(
    # statements
    "StatListNode ExprStatNode SingleAssignmentNode CascadedAssignmentNode InPlaceAssignmentNode IfStatNode "
    "IfClauseNode WhileStatNode ForInStatNode IteratorNode ReturnStatNode RaiseStatNode ReraiseStatNode "
    "TryExceptStatNode ExceptClauseNode TryFinallyStatNode WithStatNode PassStatNode BreakStatNode ContinueStatNode "
    "AssertStatNode DelStatNode GlobalNode NonlocalNode FromImportStatNode ImportNode "
    "DefNode LambdaNode PyClassDefNode GeneratorExpressionNode DecoratorNode "
    # expressions
    "NameNode NoneNode BoolNode IntNode FloatNode ImagNode UnicodeNode IdentifierStringNode BytesNode EllipsisNode "
    "AttributeNode IndexNode SliceIndexNode SliceNode SimpleCallNode GeneralCallNode AsTupleNode MergedDictNode "
    "MergedSequenceNode StarredUnpackingNode TupleNode ListNode SetNode DictNode DictItemNode "
    "JoinedStrNode FormattedValueNode NotNode UnaryMinusNode UnaryPlusNode TildeNode "
    "BitwiseOrNode IntBinopNode AddNode SubNode MulNode DivNode ModNode PowNode MatMultNode BoolBinopNode "
    "CondExprNode PrimaryCmpNode CascadedCmpNode "
    "ComprehensionNode ComprehensionAppendNode DictComprehensionAppendNode YieldExprNode YieldFromExprNode "
    "AssignmentExpressionNode Consumed Decision Addition Sum AsObject".split()
)
"""Kinds of Cython's nodes whose C does what Python does, given the repairs of this room."""

CALLS = ("SimpleCallNode", "GeneralCallNode")
OF_THE_FRAME = frozenset("locals eval exec breakpoint _getframe currentframe".split())
"""Names that ask for the frame of the function in which they stand, with its names and values."""

LOOK_FOR_FRAMES = frozenset(["_getframe", "currentframe"])
"""Those of them that mean the same wherever they stand, as in `getattr(sys, "_getframe")`."""

OF_THE_STACK = frozenset("stack getouterframes print_stack extract_stack format_stack".split())
"""Names of functions that show the frame of who called them."""

OF_TRACEBACKS = frozenset(
    "__tracebackhide__ __traceback_hide__ __traceback_info__ _rich_traceback_guard _rich_traceback_omit".split()
)
"""Names that who shows a traceback looks for among the values of a frame: pytest, werkzeug, rich, typer and others."""

CALLED_ALONE = frozenset("globals vars dir compile __import__".split())
"""Names that ask for the frame in which they are called: C can only call them, and some not without an argument."""


@dataclass(frozen=True, slots=True)
class Definition:
    """A `def` or `lambda` of a module.

    Args:
        scope: its names.
        number: its place in the order of the text.
    """

    scope: Scope
    number: int

    @property
    def node(self) -> Any:
        """Cython's node of it."""
        return self.scope.node

    @property
    def body(self) -> Any:
        """What it does."""
        return self.node.result_expr if kind(self.node) == "LambdaNode" else self.node.body

    @property
    def made(self) -> list[Scope]:
        """Those that it makes itself: functions, classes and generator expressions right in it."""
        found, todo = [], [*self.scope.inner]
        for each in todo:  # grows: what stands in a comprehension is made by the function
            if each.kind == COMPREHENSION:
                todo += each.inner
            if each.kind != COMPREHENSION or kind(each.node) == CONSUMED:
                found.append(each)
        return found


def ordered(top: Scope, missing: Sequence[Missing] = ()) -> list[Scope | Missing]:
    """Return the functions of a module in the order of the text, then its classes, then its generator expressions.

    Args:
        top: the module's scope.
        missing: those of which Cython has no tree.
    """
    every = [*scopes.every(top)]
    loops = (GENERATOR, CONSUMED)
    groups: list[list[Scope | Missing]] = [
        [*(each for each in every if each.is_function), *(each for each in missing if each.is_function)],
        [*(each for each in every if each.kind == A_CLASS), *(each for each in missing if each.is_class)],
        [*(each for each in every if kind(each.node) in loops), *(each for each in missing if each.is_generator)],
    ]
    return [each for group in groups for each in sorted(group, key=_place)]


def _place(of: Scope | Missing) -> tuple[int, int]:
    if isinstance(of, Missing):
        return of.place
    node = of.node.loop.target if kind(of.node) in (GENERATOR, CONSUMED) else of.node
    line, column = node.pos[1:]
    return line, column


def definitions(top: Scope, missing: Sequence[Missing] = ()) -> list[Definition]:
    """Return each `def` and `lambda` of a module in the order of the text.

    Args:
        top: the module's scope.
        missing: those that have a number, and no tree.
    """
    found = enumerate(ordered(top, missing))
    return [Definition(each, at) for at, each in found if isinstance(each, Scope) and each.is_function]


def why_python(definition: Definition) -> str:
    """Return why a function stays Python, empty if it is compiled."""
    if getattr(definition.node, "is_async_def", False):
        return "async def"
    body = [*parts(definition.body)]
    called = {id(node.function) for node in body if kind(node) in CALLS}
    reasons = (
        *(_why_made(each, definition) for each in definition.made if kind(each.node) != CONSUMED),
        *(_why_comprehension(node) for node in body if kind(node) == COMPREHENSION),
        *(_why_name(node, called) for node in body if kind(node) == "NameNode"),
        *(_why_node(node, definition) for node in body),
        _why_super(definition, body),
        shown.why_not(definition.body),
    )
    return next(filter(None, reasons), "")


def _why_made(made: Scope, definition: Definition) -> str:
    if not {*made.free} <= definition.scope.cells | {*definition.scope.free}:
        return "a function in a comprehension takes a name of it"
    return making.why_not(made.node)


def _why_comprehension(node: Any) -> str:
    has_super = any(kind(each) == "NameNode" and each.name == "super" for each in parts(node))
    return "super in a comprehension" if has_super else ""


def _why_super(definition: Definition, body: list[Any]) -> str:
    """`super()` reads the first parameter itself, and has its own words where it is deleted."""
    deleted = {name for node in body if kind(node) == "DelStatNode" for each in node.args for name in targets(each)}
    asks = any(kind(node) == "NameNode" and node.name == "super" for node in body)
    return "super() and a parameter that is deleted" if asks and deleted & {*parameters(definition.node)} else ""


def _why_name(node: Any, called: set[int]) -> str:
    if node.name == ALIAS:
        return "a `type` statement"
    if node.name == UNBOUND:
        return "an annotated name in parentheses"
    is_value = node.name in CALLED_ALONE and id(node) not in called
    return str(node.name) if is_value or node.name in OF_THE_FRAME | OF_TRACEBACKS else ""


def _imported(node: Any) -> set[str]:
    return {target.name for _, target in node.items}


def _leaves(node: Any) -> bool:
    """Return whether a `break` or `continue` below a node is one of a loop around it."""
    if kind(node) in ("BreakStatNode", "ContinueStatNode"):
        return True
    if kind(node) in ("WhileStatNode", "ForInStatNode"):
        return node.else_clause is not None and _leaves(node.else_clause)
    return any(_leaves(each) for each in children(node))


def _why_refused(node: Any) -> str:
    if kind(node) == "ImagNode":
        return "an imaginary number without end" if math.isinf(float(node.value)) else ""
    has_star = any(kind(each) == "StarredUnpackingNode" for each in node.pattern or ())
    return "`*` among the errors of an `except`" if has_star else ""


def _why_finally(clause: Any) -> str:
    if _leaves(clause):
        return "`break` or `continue` that leaves `finally`"
    return "a `yield` in `finally`" if yields(clause) else ""


def _why_node(node: Any, definition: Definition) -> str:
    if kind(node) == "TryFinallyStatNode":
        return _why_finally(node.finally_clause)
    if kind(node) == "FromImportStatNode" and len(node.items) > 1:
        shared = definition.scope.cells | {*definition.scope.free}
        return "an import of several names that functions share" if _imported(node) & shared else ""
    if kind(node) not in ALIKE:
        return of_kind(kind(node))
    if kind(node) in ("ExceptClauseNode", "ImagNode"):
        return _why_refused(node)
    if kind(node) == "AssignmentExpressionNode":
        return _why_bound_within(node, definition)
    return _why_call(node, definition) if kind(node) in CALLS else _why_frame(node)


def _why_frame(node: Any) -> str:
    """Return the name by which a node gets at frames wherever it stands, empty if it does not."""
    if kind(node) not in ("AttributeNode", "UnicodeNode", "IdentifierStringNode"):
        return ""
    named = str(node.attribute if kind(node) == "AttributeNode" else node.value)
    return named if named in LOOK_FOR_FRAMES else ""


def _why_bound_within(node: Any, definition: Definition) -> str:
    known = definition.scope.cells | {*definition.scope.free}
    return "" if node.target_name in known else "`:=` of a global name"


def _why_call(node: Any, definition: Definition) -> str:
    name = getattr(node.function, "attribute", None) or getattr(node.function, "name", None)
    if (name in OF_THE_STACK or name in OF_THE_FRAME) and not shown.may_ask(node):
        return f"{name}()"
    if kind(node.function) != "NameNode":
        return ""
    args = getattr(node, "args", ())
    if name in ("vars", "dir") and not args:
        return f"{name}()"
    if name == "super" and not args and not (scopes.CLASS in definition.scope.free and definition.node.args):
        return "super() without a class or a first argument"
    return ""
