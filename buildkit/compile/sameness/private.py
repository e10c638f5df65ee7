"""Private names of classes (`__x`) as they are in Python's bytecode: with the class in front."""

from __future__ import annotations

from typing import Any

from Cython.Compiler.StringEncoding import EncodedString

from buildkit.compile.sameness import definitions, scopes
from buildkit.compile.sameness.tree import children, kind


def write_out(module: Any) -> None:
    """Write the private names in a module out. What a `def` and a `class` are called stays, as in Python.

    Args:
        module: Cython's tree of it, just parsed; it is changed.
    """
    _write_out(module.body, "")


def _write_out(node: Any, owner: str) -> None:
    _rename(node, owner)
    inner = owner
    outside: set[int] = set()
    if kind(node) == "PyClassDefNode":
        inner, outside = str(node.name), {id(each) for each in definitions.outside(node)}
    for child in children(node):
        _write_out(child, owner if id(child) in outside else inner)
    if kind(node) == "DefNode":
        for _, each in definitions.annotated(node):
            _write_out(each, owner)


def _rename(node: Any, owner: str) -> None:
    written = scopes.private(owner)
    name = kind(node)
    if name == "NameNode":
        node.name = _encoded(written(node.name), node.name)
    elif name == "AttributeNode":
        node.attribute = _encoded(written(node.attribute), node.attribute)
    elif name in ("GlobalNode", "NonlocalNode"):
        node.names = [_encoded(written(each), each) for each in node.names]
    elif name in definitions.FUNCTIONS:
        for arg in node.args:
            arg.declarator.name = _encoded(written(arg.declarator.name), arg.declarator.name)
        for star in (node.star_arg, node.starstar_arg):
            if star:
                star.name = _encoded(written(star.name), star.name)


def _encoded(written: str, name: Any) -> Any:
    return name if written == name else EncodedString(written)
