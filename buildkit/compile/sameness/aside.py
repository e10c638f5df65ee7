"""What Cython refuses is set aside, and stays Python: a function of the module, or a statement outside of functions.

Cython gives up a whole module for one line that it does not take, or at which it crashes. But it gets nothing but the
functions: the module's body is Python's own. So what stands in such a line is cut out of the text that Cython reads,
and the translation begins anew. The functions, classes and generator expressions in it still count, so that each of
the others keeps its number; and what it may bind in the module is known.
"""

from __future__ import annotations

import ast
import io
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field

from buildkit.compile.sameness.bytecode import FUNCTIONS, name_of, numbered, place_of

ANY = "*"

_DEFS = (ast.FunctionDef, ast.AsyncFunctionDef)


@dataclass(frozen=True, slots=True)
class Missing:
    """A function, a class or a generator expression that Cython does not get to see.

    Args:
        place: its line and column.
        name: what Python calls its code.
        kind: of Python's tree.
    """

    place: tuple[int, int]
    name: str
    kind: type[ast.AST]

    @property
    def is_function(self) -> bool:
        """Whether it is a `def` or a `lambda`."""
        return issubclass(self.kind, FUNCTIONS)

    @property
    def is_class(self) -> bool:
        """Whether it is a class."""
        return issubclass(self.kind, ast.ClassDef)

    @property
    def is_generator(self) -> bool:
        """Whether it is a generator expression."""
        return issubclass(self.kind, ast.GeneratorExp)


@dataclass(slots=True)
class Aside:
    """What is set aside of one module.

    Attributes:
        parts: the first and the last line of each part.
        missing: what is in them.
        bound: the names that they may bind in the module, `ANY` if it may be any.
    """

    parts: set[tuple[int, int]] = field(default_factory=set)
    missing: list[Missing] = field(default_factory=list)
    bound: set[str] = field(default_factory=set)

    def put(self, text: str, lines: Sequence[int], *, is_deep: bool = False) -> bool:
        """Set aside what stands in these lines; return whether there is more of it than before.

        What was set aside and is named again, is set aside with what stands around it.

        Args:
            text: of the module, whole.
            lines: those that Cython named, counted from 1.
            is_deep: what stands deepest is meant, whatever was named.
        """
        try:
            tree = ast.parse(text)
            compile(tree, "module", "exec", dont_inherit=True)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return False  # Python does not take it either
        lines = [_deepest(tree, self.parts)] if is_deep else lines
        written = ["", *io.StringIO(text).readlines()]
        before = {*self.parts}
        for line in lines:
            self.parts |= {*[part for part in _around(tree, line, written) if part not in before][:1]}
        self.missing = [
            Missing(place_of(node), name_of(node), type(node))
            for node in numbered(tree)
            if self._has(place_of(node)[0])
        ]
        self.bound = {name for node in ast.walk(tree) if self._has(getattr(node, "lineno", 0)) for name in _bound(node)}
        return self.parts != before

    def cut(self, text: str) -> str:
        """Return the text without what is set aside; no line moves.

        Args:
            text: of the module, whole.
        """
        lines = io.StringIO(text).readlines() if self.parts else [text]
        for first, last in sorted(self.parts):
            begin = lines[first - 1]
            if begin.strip():  # or it is in a part that is gone already
                lines[first - 1] = f"{begin[: len(begin) - len(begin.lstrip())]}pass\n"
            lines[first:last] = ["\n"] * (last - first)
        return "".join(lines)

    def _has(self, line: int) -> bool:
        return any(first <= line <= last for first, last in self.parts)


def _around(node: ast.AST, line: int, written: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Yield the parts of a module or a statement that can be cut and have a line, the smallest first."""
    clauses = [node, *getattr(node, "handlers", ()), *getattr(node, "cases", ())]
    for statements in (getattr(each, name, []) for each in clauses for name in ("body", "orelse", "finalbody")):
        for group in _groups(statements, written):
            first, last = _first(group[0], written), group[-1].end_lineno or 0
            if not first <= line <= last:
                continue
            if len(group) == 1 and not isinstance(group[0], _DEFS):  # a function is set aside whole
                yield from _around(group[0], line, written)
            if _begins(group[0], first, written):
                yield first, last


def _groups(statements: Sequence[ast.stmt], written: Sequence[str]) -> list[list[ast.stmt]]:
    """Return statements, with those together which share a line."""
    groups: list[list[ast.stmt]] = []
    for each in statements:
        if groups and groups[-1][-1].end_lineno == _first(each, written):
            groups[-1].append(each)
        else:
            groups.append([each])
    return groups


def _first(node: ast.stmt, written: Sequence[str]) -> int:
    """Return the line in which a statement begins, with its decorators."""
    decorators = getattr(node, "decorator_list", [])
    line = int(decorators[0].lineno if decorators else node.lineno)
    while decorators and not written[line].lstrip().startswith("@"):
        line -= 1
    return line


def _begins(node: ast.stmt, first: int, written: Sequence[str]) -> bool:
    """Return whether nothing but blanks stands before a statement in its line."""
    before = written[node.lineno].encode()[: node.col_offset]
    return first < node.lineno or not before.strip()


def _bound(node: ast.AST) -> Iterator[str]:
    """Yield the names that a node of Python's tree binds, wherever that is."""
    if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
        yield node.id
    elif isinstance(node, (*_DEFS, ast.ClassDef)):
        yield node.name
    elif isinstance(node, (ast.Import, ast.ImportFrom)):
        yield from ((each.asname or each.name.partition(".")[0]) for each in node.names)
    elif isinstance(node, ast.Global):
        yield from node.names
    elif isinstance(node, ast.Match):
        yield ANY
    elif isinstance(node, ast.ExceptHandler) and node.name:
        yield node.name


def _deepest(tree: ast.Module, parts: Collection[tuple[int, int]]) -> int:
    """Return the line of that which stands deepest in a module, but for what is in parts of it."""
    deepest, line = 0, 0
    todo: list[tuple[ast.AST, int, int]] = [(tree, 0, 1)]
    while todo:
        node, level, around = todo.pop()
        line_of = getattr(node, "lineno", around)
        if level > deepest and not any(first <= line_of <= last for first, last in parts):
            deepest, line = level, line_of
        todo += ((child, level + 1, line_of) for child in ast.iter_child_nodes(node))
    return line


def lines_of(words: str, source: str) -> list[int]:
    """Return the lines of a module that Cython's errors name.

    Args:
        words: what Cython said.
        source: the module's file, as Cython knows it.
    """
    return [int(line) for line in re.findall(rf"^{re.escape(source)}:(\d+):\d+: ", words, re.MULTILINE)]
