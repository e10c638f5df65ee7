"""The functions, classes and generator expressions that a compiled function makes, of the code that Python has of each.

So they are what they are in Python. Those functions that are compiled themselves are redirected as they are made.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

from Cython.Compiler import ExprNodes, PyrexTypes
from Cython.Compiler.StringEncoding import EncodedString

from buildkit.compile.sameness import definitions, scopes
from buildkit.compile.sameness.definitions import A_CLASS, GENERATOR
from buildkit.compile.sameness.scopes import Scope
from buildkit.compile.sameness.tree import kind


class Sharer(Protocol):
    """What puts shared names into a node; see `sharing.Sharing`."""

    def put_into(self, node: Any) -> Any:
        """Return what stands for a node."""

    def variable(self, pos: Any, name: str) -> Any:
        """Return the node of a shared name."""


@dataclass(frozen=True, slots=True)
class Inner:
    """What a compiled function needs to know of the code of one that it makes.

    Args:
        number: its place in the list of all codes of the module.
        name: that of the code.
        free: the names of its cells.
        is_annotated: whether it has annotations, for which Python 3.14 makes another function.
    """

    number: int
    name: str
    free: tuple[str, ...]
    is_annotated: bool


class Maker:
    """Makes the nodes of one module that make functions, classes and generator expressions.

    Args:
        numbers: the place of each code, by the identity of its node.
        annotations_are_texts: whether the module begins with `from __future__ import annotations`.
    """

    def __init__(self, numbers: Mapping[int, int], *, annotations_are_texts: bool) -> None:
        self._numbers = numbers
        self._are_texts = annotations_are_texts

    def number(self, node: Any) -> int:
        """Return the place of a node's code among all of the module."""
        return self._numbers[id(node)]

    def inner(self, scope: Scope) -> Inner:
        """Return what is known of one that is made."""
        node = scope.node
        annotated = kind(node) == "DefNode" and bool(definitions.annotated(node))
        return Inner(self._numbers[id(node)], scope.name, scope.free, annotated)

    def made(self, node: Any, scope: Scope, sharer: Sharer) -> Any:
        """Return the node that makes one.

        Args:
            node: Cython's, of the function, class or generator expression.
            scope: its own.
            sharer: of the function that makes it.
        """
        parts = {
            "number": self._numbers[id(node)],
            "qualified": qualified(scope),
            "cells": [sharer.variable(node.pos, name) for name in scope.free],
        }
        if kind(node) == GENERATOR:
            return MadeGenerator(node.pos, iterable=sharer.put_into(node.loop.iterator.sequence), **parts)
        if kind(node) == A_CLASS:
            keywords = _keywords(node)
            parts["keywords"] = keywords and sharer.put_into(keywords)
            return MadeClass(node.pos, bases=sharer.put_into(node.bases), **parts)
        return self._function(node, parts, sharer)

    def _function(self, node: Any, parts: dict[str, Any], sharer: Sharer) -> Any:
        pos = node.pos
        by_position = [sharer.put_into(arg.default) for arg in node.args if arg.default and not arg.kw_only]
        by_keyword = [_item(arg, sharer.put_into(arg.default)) for arg in node.args if arg.default and arg.kw_only]
        annotated = definitions.annotated(node) if kind(node) == "DefNode" else []
        evaluated = []
        if not self._are_texts:
            for name, each in annotated:
                evaluated += [_text(each.pos, name), sharer.put_into(each)]
        return MadeFunction(
            pos,
            defaults=ExprNodes.TupleNode(pos, args=by_position) if by_position else None,
            keywords=ExprNodes.DictNode(pos, key_value_pairs=by_keyword) if by_keyword else None,
            annotations=ExprNodes.TupleNode(pos, args=evaluated) if evaluated else None,
            has_texts=bool(annotated) and self._are_texts,
            **parts,
        )


def why_not(node: Any) -> str:
    """Return why a function cannot make this one in it, empty if it can."""
    if kind(node) == A_CLASS:
        metaclass, keywords = definitions.class_keywords(node)
        if kind(node.bases) != "TupleNode" or (keywords is not None and kind(keywords) != "DictNode"):
            return "a class with `*` or `**` between its brackets"
        if keywords is not None and metaclass is not None:
            return "a class with a metaclass and other keywords"
    if kind(node) == GENERATOR and kind(node.loop) != "ForInStatNode":
        return "an asynchronous generator expression"
    return ""


def qualified(scope: Scope) -> str:
    """Return the qualified name of what a scope makes."""
    name, around = scope.name, scope.around
    if around is None or around.around is None or scopes.private(around.owner)(name) in around.declared_global:
        return name
    if around.kind == definitions.COMPREHENSION:
        return f"{qualified(around.around)}.<locals>.{name}"
    return f"{qualified(around)}.{name}" if around.kind == A_CLASS else f"{qualified(around)}.<locals>.{name}"


def _keywords(node: Any) -> Any:
    """Return the node of a class's keywords, among them its metaclass; None if there are none."""
    metaclass, keywords = definitions.class_keywords(node)
    if metaclass is None:
        return keywords
    item = ExprNodes.DictItemNode(metaclass.pos, key=_text(metaclass.pos, "metaclass"), value=metaclass)
    return ExprNodes.DictNode(metaclass.pos, key_value_pairs=[item])


def _item(arg: Any, default: Any) -> Any:
    return ExprNodes.DictItemNode(arg.pos, key=_text(arg.pos, arg.declarator.name), value=default)


def _text(pos: Any, text: str) -> Any:
    return ExprNodes.UnicodeNode(pos, value=EncodedString(text))


class _Made(ExprNodes.ExprNode):
    """What is made of a code.

    Attributes:
        number: which of the module's codes.
        qualified: its qualified name.
        cells: the variables that it takes from the function that makes it.
    """

    subexprs: ClassVar[list[str]]
    type = PyrexTypes.py_object_type
    is_temp = True
    number: int
    qualified: str
    cells: list[Any]

    def infer_type(self, env: Any) -> Any:
        return PyrexTypes.py_object_type

    def may_be_none(self) -> bool:
        return False

    def analyse_types(self, env: Any) -> Any:
        for name in self.subexprs:
            child = getattr(self, name)
            if isinstance(child, list):
                for each in child:
                    each.cell = each.cell.analyse_types(env)
            elif child is not None:
                setattr(self, name, child.analyse_types(env).coerce_to_pyobject(env))
        return self

    def generate_evaluation_code(self, code: Any) -> None:
        code.mark_pos(self.pos)
        parts = [part for part in self.subexprs if part != "cells"]
        children = [child for child in (getattr(self, part) for part in parts) if child is not None]
        self.allocate_temp_result(code)
        for each in children:
            each.generate_evaluation_code(code)
        for each in self.cells:
            each.generate_subexpr_evaluation_code(code)
        given = ", ".join([*(each.in_c() for each in self.cells), "NULL"])
        qualified = EncodedString(self.qualified).as_c_string_literal()
        code.putln(f"{{ PyObject *cells[] = {{{given}}};")
        made = f"buildkit_make_function({self.number}, {qualified}, cells, {len(self.cells)})"
        code.putln(f"{self.result()} = {self.in_c(made)}; }}")
        code.putln(code.error_goto_if_null(self.result(), self.pos))
        self.generate_gotref(code)
        for each in self.cells:
            each.generate_subexpr_disposal_code(code)
            each.free_subexpr_temps(code)
        for each in children:
            each.generate_disposal_code(code)
            each.free_temps(code)

    def in_c(self, function: str) -> str:
        """Return the C expression of the result, given that of the bare function."""
        raise NotImplementedError

    def _result(self, name: str) -> str:
        child = getattr(self, name)
        return "NULL" if child is None else str(child.py_result())


class MadeFunction(_Made):
    """A function."""

    subexprs: ClassVar[list[str]] = ["defaults", "keywords", "annotations", "cells"]
    has_texts: bool

    def in_c(self, function: str) -> str:
        given = ", ".join(self._result(name) for name in ("defaults", "keywords", "annotations"))
        return f"buildkit_made_function({function}, {self.number}, {given}, {int(self.has_texts)})"


class MadeGenerator(_Made):
    """What a generator expression gives."""

    subexprs: ClassVar[list[str]] = ["iterable", "cells"]

    def in_c(self, function: str) -> str:
        return f"buildkit_made_generator({function}, {self._result('iterable')})"


class MadeClass(_Made):
    """A class, as yet without its decorators."""

    subexprs: ClassVar[list[str]] = ["bases", "keywords", "cells"]

    def in_c(self, function: str) -> str:
        return f"buildkit_made_class({function}, {self._result('bases')}, {self._result('keywords')})"
