"""What is written otherwise before Cython reads a text, since it would take it for something else.

| written | Cython | Python |
|---|---|---|
| `except A, B:` | Python 2's `except A as B:`, so `B` is bound and not caught | from 3.14 on `except (A, B):` |
| `except A, B, C:` | no module: it refuses the text | the same |

No line moves. (Python before 3.14 takes neither, so there is no module for it.)
"""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Iterator
from typing import Any

_MAYBE = re.compile(r"\bexcept\b(?![ *]*\([^()\n]*\)(?: +as +\w+)? *:)[^\n]*[,\\]")


def read_as_python(main: Any) -> None:
    """Let Cython read the texts of plain Python in which something is written otherwise.

    Args:
        main: Cython's module of that name.
    """
    scanner = main.PyrexScanner

    def scan(file: Any, source: Any, *args: Any, **named: Any) -> Any:
        if str(source.filename).endswith(".py"):
            file = io.StringIO(for_cython(file.read()))
        return scanner(file, source, *args, **named)

    main.PyrexScanner = scan


def for_cython(text: str) -> str:
    """Return a text of Python in which each `except A, B:` has the parentheses that it stands for."""
    if not _MAYBE.search(text):
        return text
    try:
        places = [*_parentheses([*tokenize.generate_tokens(io.StringIO(text).readline)])]
    except (tokenize.TokenError, SyntaxError):
        return text  # Cython says what is wrong with it
    lines = io.StringIO(text).readlines()
    for (row, column), sign in reversed(places):
        line = lines[row - 1]
        lines[row - 1] = line[:column] + sign + line[column:]
    return "".join(lines)


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
