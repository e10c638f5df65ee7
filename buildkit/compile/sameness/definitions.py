"""The definitions of a module as Cython's tree has them: functions, classes, comprehensions, generator expressions.

What each takes, and what of it is evaluated where it stands: not what it does once it is called.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from buildkit.compile.sameness.tree import children, kind

FUNCTIONS = frozenset(["DefNode", "LambdaNode"])
GENERATOR = "GeneratorExpressionNode"
COMPREHENSION = "ComprehensionNode"
CONSUMED = "Consumed"
"""A generator expression that became a loop; see `consuming`."""
A_CLASS = "PyClassDefNode"


def parts(node: Any) -> Iterator[Any]:
    """Yield a node and all below it that is evaluated with it: not what functions in it do."""
    yield node
    is_made = kind(node) in FUNCTIONS or kind(node) in (A_CLASS, GENERATOR)
    for child in outside(node) if is_made else children(node):
        yield from parts(child)


def parameters(function: Any) -> list[str]:
    """Return the names of a function's parameters, with those of `*args` and `**kwargs`."""
    stars = [star for star in (function.star_arg, function.starstar_arg) if star]
    return [*(arg.declarator.name for arg in function.args), *(star.name for star in stars)]


def outside(node: Any) -> list[Any]:
    """Return the nodes of a function, a class or a generator expression that are evaluated where it is made."""
    name = kind(node)
    if name == "LambdaNode":
        return [arg.default for arg in node.args if arg.default]
    if name == "DefNode":
        defaults = [arg.default for arg in node.args if arg.default]
        return [*(node.decorators or ()), *defaults, *(each for _, each in annotated(node))]
    if name == A_CLASS:
        return [*(node.decorators or ()), *class_arguments(node)]
    sequence = getattr(node.loop.iterator, "sequence", None)
    return [] if sequence is None else [sequence]


def annotated(function: Any) -> list[tuple[str, Any]]:
    """Return the annotations of a `def` in the order in which they are evaluated, each with the name that it is of."""
    by_position = [arg for arg in function.args if not arg.kw_only]
    ordered = [
        *((arg.declarator.name, arg) for arg in by_position if not arg.pos_only),
        *((arg.declarator.name, arg) for arg in by_position if arg.pos_only),
        *((function.star_arg.name, function.star_arg) for _ in [0] if function.star_arg),
        *((arg.declarator.name, arg) for arg in function.args if arg.kw_only),
        *((function.starstar_arg.name, function.starstar_arg) for _ in [0] if function.starstar_arg),
    ]
    found = [(name, arg.annotation.expr) for name, arg in ordered if arg.annotation]
    back = getattr(function, "return_type_annotation", None)
    return [*found, ("return", back.expr)] if back else found


def class_arguments(node: Any) -> list[Any]:
    """Return what stands between the brackets of a class: its bases, and its keywords."""
    metaclass, keywords = class_keywords(node)
    return [each for each in (node.bases, metaclass, keywords) if each is not None]


def class_keywords(node: Any) -> tuple[Any, Any]:
    """Return the metaclass that a class names, and the node of its other keywords; None for what is not there."""
    keywords = getattr(node.mkw, "arg", node.mkw)
    if kind(keywords) == "DictNode" and not keywords.key_value_pairs:
        keywords = None  # the metaclass was the only one
    return None if kind(node.metaclass) == "PyClassMetaclassNode" else node.metaclass, keywords
