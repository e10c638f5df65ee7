"""Which functions of a module are compiled: those of whose parts each is known to do in C what it does in Python.

A function with anything else stays the bytecode that it is in Python; `why_python` names the first such part.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from buildkit.compile.sameness import scopes
from buildkit.compile.sameness.reasons import of_kind
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
    """A `def` of a module.

    Args:
        node: Cython's.
        number: its place in the order of the text.
        around: the nodes of the functions in which it stands, the outermost first.
        owner: the innermost class around it, empty if none.
    """

    node: Any
    number: int
    around: tuple[Any, ...]
    owner: str

    @property
    def name(self) -> str:
        """What Python calls it."""
        return "<lambda>" if kind(self.node) == "LambdaNode" else str(self.node.name)

    @property
    def body(self) -> Any:
        """What it does."""
        return self.node.result_expr if kind(self.node) == "LambdaNode" else self.node.body

    @property
    def free(self) -> tuple[str, ...]:
        """The names that it takes from around it."""
        return scopes.free(self.node, self.around, in_class=bool(self.owner))


def definitions(module: Any) -> list[Definition]:
    """Return each `def` and `lambda` of a module in the order of the text."""

    def walk(node: Any, around: tuple[Any, ...], owner: str) -> Iterator[tuple[Any, tuple[Any, ...], str]]:
        inner = around
        if kind(node) in ("DefNode", "LambdaNode"):
            yield node, around, owner
            inner = (*around, node)
        elif kind(node) == "PyClassDefNode":
            owner = node.name
        outside = {id(each) for each in _outside(node)}
        for child in children(node):
            yield from walk(child, around if id(child) in outside else inner, owner)

    found = sorted(walk(module.body, (), ""), key=lambda each: each[0].pos[1:])
    return [Definition(node, number, around, owner) for number, (node, around, owner) in enumerate(found)]


def _outside(node: Any) -> list[Any]:
    """Return the nodes below a function that are evaluated where it is defined."""
    if kind(node) not in ("DefNode", "LambdaNode"):
        return []
    stars = [star for star in (node.star_arg, node.starstar_arg) if star]
    return [
        *node.args,
        *stars,
        *(getattr(node, "decorators", None) or ()),
        getattr(node, "return_type_annotation", None),
    ]


def why_python(definition: Definition) -> str:
    """Return why a function stays Python, empty if it is compiled."""
    body, free = definition.body, definition.free
    if getattr(definition.node, "is_async_def", False):
        return "async def"
    if scopes.comprehended(body) & {*free}:
        return "a comprehension binds a name that is taken from around the function"
    comprehensions = [node for node in within(body) if kind(node) == "ComprehensionNode"]
    if any(kind(node) == "NameNode" and node.name == "super" for each in comprehensions for node in within(each)):
        return "super in a comprehension"
    for node in within(body):
        why = _why_node(node, definition)
        if why:
            return why
    return ""


def _why_node(node: Any, definition: Definition) -> str:
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
    if name == "super" and not args and not (scopes.CLASS in definition.free and definition.node.args):
        return "super() without a class or a first argument"
    return ""
