"""Puts into a function's body what it shares with the functions around it and in it: cells, and the making of these."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from Cython.Compiler import ExprNodes, Nodes

from buildkit.compile.sameness import cells, making, scopes
from buildkit.compile.sameness.arithmetic import OURS
from buildkit.compile.sameness.definitions import A_CLASS, COMPREHENSION, CONSUMED, GENERATOR
from buildkit.compile.sameness.methods import ObjectCall
from buildkit.compile.sameness.scopes import Scope
from buildkit.compile.sameness.tree import kind, replace_children


class SuperCall(ObjectCall):
    """`super()`: of Python's own with the class and the object, of what stands in its place with nothing.

    Attributes:
        function: what the name has come to.
        args: the class and the object.
    """

    subexprs = ["function", "args"]  # noqa: RUF012 - as all of Cython's nodes
    function: Any
    args: list[Any]

    def analyse_types(self, env: Any) -> Any:
        self.function = self.function.analyse_types(env).coerce_to_pyobject(env)
        self.args = [each.analyse_types(env).coerce_to_pyobject(env) for each in self.args]
        return self

    def generate_result_code(self, code: Any) -> None:
        function, given = self.function.py_result(), ", ".join(each.py_result() for each in self.args)
        code.putln(f"{{ PyObject *given[] = {{{given}}};")
        count = f"{function} == (PyObject *)&PySuper_Type ? {len(self.args)} : 0"
        code.putln(f"{self.result()} = PyObject_Vectorcall({function}, given, {count}, NULL); }}")
        code.putln(code.error_goto_if_null(self.result(), self.pos))
        self.generate_gotref(code)


class Sharing:
    """The shared names of one function.

    Args:
        scope: the function's.
        first: its first parameter, None if it has none.
        maker: makes what stands for the functions, classes and generator expressions in it.
    """

    def __init__(self, scope: Scope, first: str | None, maker: making.Maker) -> None:
        self._free = scope.free
        self._cells = scope.cells
        self._first = first
        self._maker = maker
        self._scopes: Mapping[int, Scope] = {id(each.node): each for each in scopes.every(scope)}
        self._written = scopes.private(scope.owner)
        self._hidden: frozenset[str] = frozenset()
        self._has_super = "super" in scope.own or "super" in scope.free
        self._by_kind: dict[str, Callable[[Any], Any]] = {
            "NameNode": self._named,
            "ExprStatNode": self._stated,
            "SimpleCallNode": self._called,
            "NonlocalNode": lambda node: Nodes.PassStatNode(node.pos),
            "ExceptClauseNode": self._caught,
            "InPlaceAssignmentNode": self._in_place,
            "FromImportStatNode": self._imported,
            "AssignmentExpressionNode": self._bound_within,
            "DefNode": self._made,
            "LambdaNode": self._made,
            A_CLASS: self._made,
            GENERATOR: self._made,
            COMPREHENSION: self._comprehended,
            CONSUMED: self._consumed,
        }

    def put_into(self, node: Any) -> Any:
        """Return what stands for a node of the function.

        Args:
            node: Cython's, just parsed; it is changed.
        """
        by = self._by_kind.get(kind(node))
        return by(node) if by else self._below(node)

    def _below(self, node: Any) -> Any:
        return replace_children(node, self.put_into)

    def variable(self, pos: Any, name: str) -> Any:
        """Return the node of a shared name."""
        if name in self._cells:
            return cells.Variable(pos, name=name, at=-1, cell=cells.local(pos, cells.cell_of(name)))
        return cells.Variable(pos, name=name, at=self._free.index(name), cell=cells.local(pos, cells.CLOSURE))

    def _is_shared(self, name: str) -> bool:
        return name not in self._hidden and (name in self._cells or name in self._free)

    def _named(self, node: Any) -> Any:
        return self.variable(node.pos, node.name) if self._is_shared(node.name) else node

    def _stated(self, node: Any) -> Any:
        """Return a statement, which is nothing if it is the annotation of a name alone."""
        is_annotation = kind(node.expr) == "NameNode" and getattr(node.expr, "annotation", None) is not None
        return Nodes.PassStatNode(node.pos) if is_annotation else self._below(node)

    def _called(self, node: Any) -> Any:
        if node.args and getattr(node.args[0], "stands_for_call", False):
            return self._consumed(node.args[0])
        if getattr(node.function, "name", "") != "super" or node.args or self._has_super:
            return self._below(node)
        if self._first is not None:
            here = self.variable(node.pos, scopes.CLASS)
            here.is_of_super = True
            node.args = [here, self._named(cells.local(node.pos, self._first))]
            node.__class__ = SuperCall
        return node

    def _caught(self, clause: Any) -> Any:
        """Let `except … as name` delete its name at the end, which Cython does to names alone."""
        if clause.is_except_as and self._is_shared(clause.target.name):
            pos, name = clause.pos, clause.target.name
            clause.is_except_as = False
            deletion = Nodes.DelStatNode(pos, args=[self.variable(pos, name)], ignore_nonexisting=True)
            ending = Nodes.StatListNode(pos, stats=[deletion])
            guarded = Nodes.TryFinallyStatNode(pos, body=clause.body, finally_clause=ending)
            clause.body = Nodes.StatListNode(pos, stats=[guarded])
        return self._below(clause)

    def _in_place(self, node: Any) -> Any:
        if kind(node.lhs) != "NameNode" or not self._is_shared(node.lhs.name):
            return self._below(node)
        value = ExprNodes.binop_node(
            node.pos,
            operator=OURS + node.operator,
            operand1=self.variable(node.pos, node.lhs.name),
            operand2=self.put_into(node.rhs),
            inplace=True,
        )
        return Nodes.SingleAssignmentNode(node.pos, lhs=self.variable(node.pos, node.lhs.name), rhs=value)

    def _bound_within(self, node: Any) -> Any:
        value = self.put_into(node.assignment.rhs)
        return cells.BoundWithin(node.pos, value=value, target=self.variable(node.pos, node.target_name))

    def _imported(self, node: Any) -> Any:
        """Return the statements of `from module import name`, which Cython can give to a local alone."""
        name, target = node.items[0]
        if not self._is_shared(getattr(target, "name", "")):
            return self._below(node)
        passed = cells.given(target.name)
        node.items = [(name, cells.local(node.pos, passed))]
        shared = self.variable(node.pos, target.name)
        assignment = Nodes.SingleAssignmentNode(node.pos, lhs=shared, rhs=cells.local(node.pos, passed))
        return Nodes.StatListNode(node.pos, stats=[node, assignment])

    def _made(self, node: Any) -> Any:
        made = self._maker.made(node, self._scopes[id(node)], self)
        if kind(node) not in ("DefNode", A_CLASS):
            return made
        for decorator in reversed(node.decorators or ()):
            function = self.put_into(decorator.decorator)
            made = ExprNodes.SimpleCallNode(decorator.pos, function=function, args=[made])
        target = self.put_into(cells.local(node.pos, self._written(node.name)))
        return Nodes.SingleAssignmentNode(node.pos, lhs=target, rhs=made)

    def _consumed(self, node: Any) -> Any:
        node.number = self._maker.number(node)
        return self._comprehended(node)

    def _comprehended(self, node: Any) -> Any:
        """Return a comprehension, whose own names hide the function's but in what its first loop goes through."""
        first = node.loop.iterator.sequence = self.put_into(node.loop.iterator.sequence)
        outer = self._hidden
        self._hidden = outer | self._scopes[id(node)].own
        loop = node.loop
        loop.iterator.sequence = ExprNodes.NoneNode(node.pos)
        replace_children(node, self.put_into)
        loop.iterator.sequence = first
        self._hidden = outer
        return node
