"""What is written otherwise before Cython reads a text, since it would take it for something else.

| written | Cython | Python |
|---|---|---|
| `except A, B:` | Python 2's `except A as B:`, so `B` is bound and not caught | from 3.14 on `except (A, B):` |
| `except A, B, C:` | no module: it refuses the text | the same |
| `class C[T]`, and `def` with `[T]` | the same | from 3.12 on: the body, Python's bytecode, makes the parameters |
| `type X = int` | the same | from 3.12 on; a function that has it stays Python |

No line moves. (An older Python takes none of them, so there is no module for it.)
"""

from __future__ import annotations

import io
import keyword
import re
import tokenize
from collections.abc import Callable, Iterator
from typing import Any

from Cython.Compiler import Errors, ExprNodes
from Cython.Compiler.StringEncoding import EncodedString

_MAYBE = re.compile(r"\bexcept\b(?![ *]*\([^()\n]*\)(?: +as +\w+)? *:)[^\n]*[,\\]")

_GENERIC = re.compile(r"^[ \t]*(?:(?:async[ \t]+)?def|class)[ \t]+\w+[ \t]*\[|\btype[ \t]+\w+[ \t]*[\[=]", re.MULTILINE)
_CYTHONS = re.compile(r"^[ \t]*(?:from|import|cimport)[ \t]+cython\b|^#[ \t]*cython[ \t]*:", re.MULTILINE)
"""How a module shows that it has to do with Cython, which then decides what it means; see `lifting.speaks_cython`."""
ALIAS = "_ty_"
"""The name that stands where `type` stood: as long, and by it a function is known that has such a statement."""


def read_as_python(main: Any, keeps_python: Callable[[], bool]) -> None:
    """Let Cython read the texts of plain Python in which something is written otherwise.

    Args:
        main: Cython's module of that name.
        keeps_python: whether the present module is to mean what it means to Python. Of another one Cython makes the
            body, and would make classes without their parameters: it refuses the text, as it does by itself.
    """
    scanner = main.PyrexScanner

    def scan(file: Any, source: Any, *args: Any, **named: Any) -> Any:
        if str(source.filename).endswith(".py"):
            text = file.read()
            is_generic = keeps_python() and not _CYTHONS.search(text)
            file = io.StringIO(for_cython(text, is_generic=is_generic))
        return scanner(file, source, *args, **named)

    main.PyrexScanner = scan
    init: Any = ExprNodes.AnnotationNode.__init__

    def annotate(node: Any, pos: Any, expr: Any, string: Any = None) -> None:
        try:
            init(node, pos, expr, string)
        except Errors.CompilerCrash:  # it cannot write `f(**{x: y})` as a text, which we do not need
            init(node, pos, expr, ExprNodes.UnicodeNode(pos, value=EncodedString("")))

    ExprNodes.AnnotationNode.__init__ = annotate  # type: ignore[method-assign]


def for_cython(text: str, *, is_generic: bool = True) -> str:
    """Return a text of Python as Cython is to read it; each thing in it stays in its line and column.

    Args:
        text: of a module.
        is_generic: leave type parameters and `type` out.
    """
    is_generic = is_generic and _GENERIC.search(text) is not None
    if not _MAYBE.search(text) and not is_generic:
        return text
    try:
        tokens = [*tokenize.generate_tokens(io.StringIO(text).readline)]
    except (tokenize.TokenError, SyntaxError):
        return text  # Cython says what is wrong with it
    lines = io.StringIO(text).readlines()
    for (row, column), sign in reversed([*_parentheses(tokens)]):
        line = lines[row - 1]
        lines[row - 1] = line[:column] + sign + line[column:]
    if is_generic:
        for first, last in _parameters(tokens):
            _blank(lines, first.start, last.end)
        for row, column in _aliases(tokens):
            line = lines[row - 1]
            lines[row - 1] = f"{line[:column]}{ALIAS};{line[column + len(ALIAS) + 1 :]}"
    return "".join(lines)


def _parameters(tokens: list[tokenize.TokenInfo]) -> Iterator[tuple[tokenize.TokenInfo, tokenize.TokenInfo]]:
    """Return the first and the last token of each list of type parameters."""
    begin = _beginnings(tokens)
    for at, token in enumerate(tokens[:-2]):
        is_named = token.string in ("def", "class") or (token.string == "type" and at in begin)
        if token.type == tokenize.NAME and is_named and tokens[at + 2].string == "[":
            depth = 0
            for end in range(at + 2, len(tokens)):
                sign = tokens[end].string if tokens[end].type == tokenize.OP else ""
                depth += (sign in ("(", "[", "{")) - (sign in (")", "]", "}"))
                if depth == 0:
                    yield tokens[at + 2], tokens[end]
                    break


def _aliases(tokens: list[tokenize.TokenInfo]) -> Iterator[tuple[int, int]]:
    """Return where the statements `type X = …` begin."""
    begin = _beginnings(tokens)
    for at, token in enumerate(tokens[:-2]):
        is_alias = token.string == "type" and at in begin
        if is_alias and tokens[at + 2].string in ("=", "[") and token.line[token.end[1]] in " \t":
            yield token.start


def _beginnings(tokens: list[tokenize.TokenInfo]) -> set[int]:
    """Return which tokens begin a statement and stand before a name: `type` there is no name itself."""
    found, depth, lambdas, begins = set(), 0, 0, True
    for at, token in enumerate(tokens):
        following = tokens[at + 1] if at + 1 < len(tokens) else token
        if begins and following.type == tokenize.NAME and not keyword.iskeyword(following.string):
            found.add(at)
        sign = token.string if token.type in (tokenize.OP, tokenize.NAME) else ""
        depth += (sign in ("(", "[", "{")) - (sign in (")", "]", "}"))
        lambdas += sign == "lambda" and depth == 0
        begins = token.type in _ENDS or (sign in (";", ":") and depth == 0 and lambdas == 0)
        lambdas -= sign == ":" and depth == 0 and lambdas > 0
    return found


_ENDS = (tokenize.NEWLINE, tokenize.NL, tokenize.INDENT, tokenize.DEDENT, tokenize.COMMENT, tokenize.ENCODING)


def _blank(lines: list[str], start: tuple[int, int], end: tuple[int, int]) -> None:
    """Put blanks in the place of a part of the text, without one statement less."""
    for row in range(start[0], end[0] + 1):
        line = lines[row - 1].rstrip("\n")
        first = start[1] if row == start[0] else 0
        last = end[1] if row == end[0] else len(line)
        rest = line[last:] if row == end[0] else "\\"
        lines[row - 1] = f"{line[:first]}{' ' * (last - first)}{rest}\n"


def _parentheses(tokens: list[tokenize.TokenInfo]) -> Iterator[tuple[tuple[int, int], str]]:
    """Return where parentheses are to stand, in the order of the text."""
    for at, token in enumerate(tokens):
        if token.type == tokenize.NAME and token.string == "except":
            first = at + 2 if tokens[at + 1].string == "*" else at + 1
            last, is_tuple = _caught(tokens, first)
            if is_tuple:
                yield tokens[first].start, "("
                yield tokens[last].end, ")"


def _caught(tokens: list[tokenize.TokenInfo], first: int) -> tuple[int, bool]:
    """Return the last token of what an `except` names, and whether it is several things without parentheses."""
    depth = commas = 0
    for at in range(first, len(tokens)):
        sign = tokens[at].string if tokens[at].type in (tokenize.OP, tokenize.NAME) else ""
        if depth == 0 and sign in (":", "as", "lambda"):
            return at - 1, commas > 0 and sign == ":"
        depth += (sign in ("(", "[", "{")) - (sign in (")", "]", "}"))
        commas += depth == 0 and sign == ","
    return first, False
