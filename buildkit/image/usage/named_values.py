"""What names of a module stand for, as far as its text says: one word or several, or the function that imports."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Collection, Iterator


class Values:
    """What is known of the names that a module binds once, wherever that is.

    Args:
        tree: the module.
        functions: names of functions of which other names are to be known as well.
    """

    def __init__(self, tree: ast.AST, functions: Collection[str]) -> None:
        bound: Counter[str] = Counter()
        words: dict[str, tuple[str, ...]] = {}
        loops: list[tuple[str, ast.AST]] = []
        self._functions: dict[str, str] = {}
        for node in ast.walk(tree):
            bound.update(_binds(node))
            if isinstance(node, ast.ImportFrom):
                pairs = [(each.asname, each.name) for each in node.names if each.asname and each.name in functions]
                self._functions.update((str(new), name) for new, name in pairs)
            elif isinstance(node, (ast.Assign, ast.AnnAssign)) and node.value is not None:
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                for target in targets:
                    if isinstance(target, ast.Name):
                        words[target.id] = _literals(node.value)
                        if _last(node.value) in functions:
                            self._functions[target.id] = _last(node.value)
            elif isinstance(node, (ast.For, ast.comprehension)) and isinstance(node.target, ast.Name):
                loops.append((node.target.id, node.iter))
        self._words = {name: found for name, found in words.items() if found and bound[name] == 1}
        for name, source in loops:
            found = _literals(source) or (self._words.get(source.id, ()) if isinstance(source, ast.Name) else ())
            if found and bound[name] == 1:
                self._words[name] = found
        self._functions = {name: each for name, each in self._functions.items() if bound[name] == 1}

    def words(self, node: ast.AST) -> tuple[str, ...]:
        """Return the texts that an expression may be; none if that is not known."""
        if isinstance(node, ast.Name):
            return self._words.get(node.id, ())
        return (node.value,) if isinstance(node, ast.Constant) and isinstance(node.value, str) else ()

    def function(self, name: str) -> str:
        """Return what a function is called where it is from."""
        return self._functions.get(name, name)


def _binds(node: ast.AST) -> Iterator[str]:
    """Yield the names that a node itself binds."""
    if isinstance(node, ast.Name) and isinstance(node.ctx, (ast.Store, ast.Del)):
        yield node.id
    elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        yield node.name
    elif isinstance(node, ast.arg):
        yield node.arg
    elif isinstance(node, ast.alias):
        yield (node.asname or node.name).partition(".")[0]
    elif isinstance(node, (ast.ExceptHandler, ast.MatchAs, ast.MatchStar)) and node.name:
        yield node.name
    elif isinstance(node, ast.MatchMapping) and node.rest:
        yield node.rest


def _literals(node: ast.AST) -> tuple[str, ...]:
    """Return the texts that a literal is or lists; none if it has anything else in it."""
    parts = node.elts if isinstance(node, (ast.Tuple, ast.List, ast.Set)) else [node]
    found = [each.value for each in parts if isinstance(each, ast.Constant) and isinstance(each.value, str)]
    return tuple(found) if len(found) == len(parts) else ()


def _last(node: ast.AST) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""
