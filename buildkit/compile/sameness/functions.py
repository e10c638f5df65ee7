"""Which functions of a module are compiled: those of whose parts each is known to do in C what it does in Python.

A function with anything else stays the bytecode that it is in Python; `why_python` names the first such part.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from buildkit.compile.sameness import making, scopes
from buildkit.compile.sameness.reasons import of_kind
from buildkit.compile.sameness.scopes import A_CLASS, COMPREHENSION, GENERATOR, Scope, parts
from buildkit.compile.sameness.tree import kind

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
    "ComprehensionNode ComprehensionAppendNode DictComprehensionAppendNode YieldExprNode YieldFromExprNode".split()
)
"""Kinds of Cython's nodes whose C does what Python does, given the repairs of this room."""

OF_THE_FRAME = frozenset("locals globals vars dir eval exec compile breakpoint __import__".split())
"""Names that ask for the frame of the function in which they stand, or have a meaning of the compiler's."""

LOOK_AT_THEIR_CALLER = frozenset(
    "debug info warning warn error critical exception log "  # logging
    "warn_explicit simplefilter _getframe currentframe stack getouterframes print_stack extract_stack format_stack "
    "namedtuple NamedTuple TypedDict Enum IntEnum Flag IntFlag StrEnum TypeVar ParamSpec TypeVarTuple NewType "
    "make_dataclass make_class new_class".split()
)
"""Names of functions that look for the file, the line or the module of who called them."""


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
            else:
                found.append(each)
        return found


def definitions(top: Scope) -> list[Definition]:
    """Return each `def` and `lambda` of a module in the order of the text.

    Args:
        top: the module's scope.
    """
    found = sorted((each for each in scopes.every(top) if each.is_function), key=lambda each: each.node.pos[1:])
    return [Definition(scope, number) for number, scope in enumerate(found)]


def others(top: Scope) -> list[Scope]:
    """Return the classes of a module in the order of the text, and behind them its generator expressions."""
    every = [*scopes.every(top)]
    classes = sorted((each for each in every if each.kind == A_CLASS), key=lambda each: each.node.pos[1:])
    generators = [each for each in every if each.kind == GENERATOR]
    return [*classes, *sorted(generators, key=lambda each: each.node.loop.target.pos[1:])]


def why_python(definition: Definition) -> str:
    """Return why a function stays Python, empty if it is compiled."""
    if getattr(definition.node, "is_async_def", False):
        return "async def"
    scope = definition.scope
    known = scope.cells | {*scope.free}
    for each in definition.made:
        why = making.why_not(each.node)
        if why:
            return why
        if not {*each.free} <= known:
            return "a function in a comprehension takes a name of it"
    comprehensions = [node for node in parts(definition.body) if kind(node) == COMPREHENSION]
    if any(kind(node) == "NameNode" and node.name == "super" for each in comprehensions for node in parts(each)):
        return "super in a comprehension"
    for node in parts(definition.body):
        why = _why_node(node, definition)
        if why:
            return why
    return ""


def _imported(node: Any) -> set[str]:
    return {target.name for _, target in node.items}


def _why_node(node: Any, definition: Definition) -> str:
    if kind(node) == "FromImportStatNode" and len(node.items) > 1:
        shared = definition.scope.cells | {*definition.scope.free}
        return "an import of several names that functions share" if _imported(node) & shared else ""
    if kind(node) not in ALIKE:
        return of_kind(kind(node))
    if kind(node) == "NameNode" and node.name in OF_THE_FRAME:
        return str(node.name)
    return _why_call(node, definition) if kind(node) in ("SimpleCallNode", "GeneralCallNode") else ""


def _why_call(node: Any, definition: Definition) -> str:
    name = getattr(node.function, "attribute", None) or getattr(node.function, "name", None)
    if name in LOOK_AT_THEIR_CALLER:
        return f"{name}()"
    if kind(node.function) != "NameNode":
        return ""
    args = getattr(node, "args", ())
    if name == "type" and len(args) != 1:
        return "type() that makes a class"
    if name == "super" and not args and not (scopes.CLASS in definition.scope.free and definition.node.args):
        return "super() without a class or a first argument"
    return ""
