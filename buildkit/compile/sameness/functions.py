"""Which functions of a module are compiled: those of whose parts each is known to do in C what it does in Python.

A function with anything else stays the bytecode that it is in Python; `why_python` names the first such part.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from buildkit.compile.sameness.tree import children, kind, within

ALIKE = frozenset(
    # statements
    "StatListNode ExprStatNode SingleAssignmentNode CascadedAssignmentNode InPlaceAssignmentNode IfStatNode "
    "IfClauseNode WhileStatNode ForInStatNode IteratorNode ReturnStatNode RaiseStatNode ReraiseStatNode "
    "TryExceptStatNode ExceptClauseNode TryFinallyStatNode WithStatNode PassStatNode BreakStatNode ContinueStatNode "
    "AssertStatNode DelStatNode GlobalNode FromImportStatNode ImportNode "
    # expressions
    "NameNode NoneNode BoolNode IntNode FloatNode ImagNode UnicodeNode IdentifierStringNode BytesNode EllipsisNode "
    "AttributeNode IndexNode SliceIndexNode SliceNode SimpleCallNode GeneralCallNode AsTupleNode MergedDictNode "
    "MergedSequenceNode StarredUnpackingNode TupleNode ListNode SetNode DictNode DictItemNode "
    "JoinedStrNode FormattedValueNode NotNode UnaryMinusNode UnaryPlusNode TildeNode "
    "BitwiseOrNode IntBinopNode AddNode SubNode MulNode DivNode ModNode PowNode MatMultNode BoolBinopNode "
    "CondExprNode PrimaryCmpNode CascadedCmpNode "
    "ComprehensionNode ComprehensionAppendNode DictComprehensionAppendNode".split()
)
"""Kinds of Cython's nodes whose C does what Python does, given the repairs of this room."""

OF_THE_FRAME = frozenset("locals vars dir eval exec super __class__".split())
"""Names that ask for the frame of the function in which they stand, or have a meaning of the compiler's."""

LOOK_AT_THEIR_CALLER = frozenset(
    "debug info warning warn error critical exception log "  # logging
    "warn_explicit simplefilter _getframe currentframe stack getouterframes print_stack extract_stack format_stack "
    "namedtuple NamedTuple TypedDict Enum IntEnum Flag IntFlag StrEnum TypeVar ParamSpec TypeVarTuple NewType "
    "make_dataclass make_class".split()
)
"""Names of functions that look for the file, the line or the module of who called them."""


@dataclass(frozen=True, slots=True)
class Definition:
    """A `def` of a module.

    Args:
        node: Cython's.
        number: its place in the order of the text.
        in_function: whether it stands in another function.
        owner: the class in which it stands, empty if none.
    """

    node: Any
    number: int
    in_function: bool
    owner: str


def definitions(module: Any) -> list[Definition]:
    """Return each `def` of a module in the order of the text."""

    def walk(node: Any, owner: str, *, in_function: bool) -> Iterator[tuple[Any, bool, str]]:
        if kind(node) == "DefNode":
            yield node, in_function, owner
        elif kind(node) == "PyClassDefNode":
            owner = node.name
        in_function = in_function or kind(node) in ("DefNode", "LambdaNode", "GeneratorExpressionNode")
        for child in children(node):
            yield from walk(child, owner, in_function=in_function)

    found = sorted(walk(module.body, "", in_function=False), key=lambda each: each[0].pos[1:])
    return [Definition(node, number, inner, owner) for number, (node, inner, owner) in enumerate(found)]


def why_python(definition: Definition) -> str:
    """Return why a `def` stays Python, empty if it is compiled."""
    if definition.in_function:
        return "stands in a function"
    if definition.node.is_async_def:
        return "async def"
    for node in within(definition.node.body):
        if kind(node) not in ALIKE:
            return kind(node)
        if kind(node) == "NameNode" and node.name in OF_THE_FRAME:
            return str(node.name)
        if kind(node) in ("SimpleCallNode", "GeneralCallNode"):
            called = getattr(node.function, "attribute", None) or getattr(node.function, "name", None)
            if called in LOOK_AT_THEIR_CALLER:
                return f"{called}()"
    return ""
