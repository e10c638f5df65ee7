"""What is written otherwise before Cython reads a text, since it would take it for something else.

| written | Cython | Python |
|---|---|---|
| `except A, B:` | Python 2's `except A as B:`, so `B` is bound and not caught | from 3.14 on `except (A, B):` |
| `except A, B, C:` | no module: it refuses the text | the same |
| `class C[T]`, and `def` with `[T]` | the same | from 3.12 on: the body, Python's bytecode, makes the parameters |
| `type X = int` | the same | from 3.12 on; a function that has it stays Python |
| `x[*y]` | the same | from 3.11 on `x[(*y,)]` |
| `x[y := 1]`, `{y := 1}` | the same | `x[(y := 1)]`, `{(y := 1)}` |
| `(x): int` in a function | `x` is the function's own | `x` stays the module's; the function stays Python |
| a form feed before a line's first word | the same, or another indentation | blanks count from it on |
| tabs before some lines, blanks before others | the same | a tab is as wide as eight blanks |

No line moves, and no text that an f-string shows. (What a Python does not take is no module for it.)
"""

from __future__ import annotations

import io
import keyword
import re
import tokenize
from collections.abc import Iterable, Iterator, Sequence

from buildkit.compile.sameness import brackets
from buildkit.compile.sameness.brackets import Edit, Place, Tokens

_MAYBE = re.compile(
    r"\bexcept\b(?![ *]*\([^()\n]*\)(?: +as +\w+)? *:)[^\n]*[,\\]"  # several things without parentheses
    r"|[\[,]\s*\*|:="  # what may be a star or `:=` in brackets
    r"|^[ \t]*\f"
    r"|(?:^|[:;])[ \t]*\([(\s]*\w+[)\s]*\)\s*:",  # an annotated name in parentheses
    re.MULTILINE,
)
_GENERIC = re.compile(r"^[ \t]*(?:(?:async[ \t]+)?def|class)[ \t]+\w+[ \t]*\[|\btype[ \t]+\w+[ \t]*[\[=]", re.MULTILINE)
_BLANKS, _TABS = re.compile(r"^\t* +\t*\S", re.MULTILINE), re.compile(r"^ *\t", re.MULTILINE)

ALIAS = "_ty_"
"""The name that stands where `type` stood: as long, and by it a function is known that has such a statement."""
UNBOUND = "_an_"
"""The name that stands where an annotated name in parentheses stood, which is not bound by that."""


def for_cython(text: str, *, is_generic: bool = True) -> str:
    """Return a text of Python as Cython is to read it; each thing in it stays in its line.

    Args:
        text: of a module.
        is_generic: leave type parameters and `type` out.
    """
    is_generic = is_generic and _GENERIC.search(text) is not None
    is_mixed = _TABS.search(text) is not None and _BLANKS.search(text) is not None
    if not _MAYBE.search(text) and not is_generic and not is_mixed:
        return text
    try:
        tokens = [*_whole_texts(tokenize.generate_tokens(io.StringIO(text).readline))]
    except (tokenize.TokenError, SyntaxError):
        return text  # Cython says what is wrong with it
    lines = io.StringIO(text).readlines()
    parameters = [*_parameters(tokens)]
    edits = [*_parentheses(tokens), *brackets.parentheses(tokens, parameters), *_unbound(tokens)]
    if is_mixed or "\f" in text:
        edits += _indents(tokens, lines)
    if is_generic:
        for first, last in parameters:
            edits += _blank(lines, first, last)
        edits += (((row, at), (row, at + len(ALIAS) + 1), f"{ALIAS};") for row, at in _aliases(tokens))
    for (row, begin), (_, end), sign in sorted(edits, key=lambda each: each[0], reverse=True):
        line = lines[row - 1]
        lines[row - 1] = line[:begin] + sign + line[end:]
    return "".join(lines)


def _whole_texts(tokens: Iterable[tokenize.TokenInfo]) -> Iterator[tokenize.TokenInfo]:
    """Yield tokens with each f-string as one, as before Python 3.12: what stands in it may be shown as it is."""
    depth, begin = 0, (0, 0)
    for token in tokens:
        name = tokenize.tok_name[token.type]
        if name in ("FSTRING_START", "TSTRING_START"):
            begin = begin if depth else token.start
            depth += 1
        elif name in ("FSTRING_END", "TSTRING_END"):
            depth -= 1
            if not depth:
                yield tokenize.TokenInfo(tokenize.STRING, "", begin, token.end, token.line)
        elif not depth:
            yield token


def _indents(tokens: Tokens, lines: Sequence[str]) -> Iterator[Edit]:
    """Yield the blanks before each statement that begins with other things."""
    begins = True
    for token in tokens:
        if token.type == tokenize.NEWLINE:
            begins = True
        elif begins and token.type not in (tokenize.NL, tokenize.COMMENT, tokenize.INDENT, tokenize.DEDENT):
            row, column = token.start
            before, begins = lines[row - 1][:column] if column else "", False
            if "\t" in before or "\f" in before:
                yield (row, 0), (row, column), " " * len(before.rpartition("\f")[2].expandtabs(8))


def _parameters(tokens: Tokens) -> Iterator[tuple[Place, Place]]:
    """Yield where each list of type parameters begins and ends."""
    begin = _beginnings(tokens)
    for at, token in enumerate(tokens[:-2]):
        is_named = token.string in ("def", "class") or (token.string == "type" and at in begin)
        if token.type == tokenize.NAME and is_named and tokens[at + 2].string == "[":
            depth = 0
            for end in range(at + 2, len(tokens)):
                sign = tokens[end].string if tokens[end].type == tokenize.OP else ""
                depth += (sign in ("(", "[", "{")) - (sign in (")", "]", "}"))
                if depth == 0:
                    yield tokens[at + 2].start, tokens[end].end
                    break


def _aliases(tokens: Tokens) -> Iterator[Place]:
    """Return where the statements `type X = …` begin."""
    begin = _beginnings(tokens)
    for at, token in enumerate(tokens[:-2]):
        is_alias = token.string == "type" and at in begin
        if is_alias and tokens[at + 2].string in ("=", "[") and token.line[token.end[1]] in " \t":
            yield token.start


def _unbound(tokens: Tokens) -> Iterator[Edit]:
    """Yield what stands for annotated names in parentheses that get no value."""
    for at in _starts(tokens):
        end = at
        while end < len(tokens) and tokens[end].string == "(":
            end += 1
        depth = end - at
        words = [token.string for token in tokens[end : end + depth + 2]]
        is_name = depth and tokens[end].type == tokenize.NAME
        if is_name and words[1:] == [*")" * depth, ":"] and not _has_value(tokens[end + depth + 2 :]):
            yield from _replaced(tokens[at], tokens[end + depth + 1])


def _replaced(first: tokenize.TokenInfo, last: tokenize.TokenInfo) -> Iterator[Edit]:
    if first.start[0] == last.end[0]:
        yield first.start, last.end, f"{UNBOUND};"


def _has_value(tokens: Iterable[tokenize.TokenInfo]) -> bool:
    """Return whether `=` follows in a statement of which an annotation is to come."""
    depth = lambdas = 0
    for token in tokens:
        sign = token.string if token.type in (tokenize.OP, tokenize.NAME) else ""
        if token.type == tokenize.NEWLINE or (depth == 0 and sign == ";"):
            return False
        if depth == 0 and lambdas == 0 and sign == "=":
            return True
        depth += (sign in ("(", "[", "{")) - (sign in (")", "]", "}"))
        lambdas += depth == 0 and ((sign == "lambda") - (sign == ":" and lambdas > 0))
    return False


def _beginnings(tokens: Tokens) -> set[int]:
    """Return which tokens begin a statement and stand before a name: `type` there is no name itself."""
    following = {at: tokens[at + 1] for at in _starts(tokens) if at + 1 < len(tokens)}
    names = ((at, token.string) for at, token in following.items() if token.type == tokenize.NAME)
    return {at for at, name in names if not keyword.iskeyword(name)}


def _starts(tokens: Tokens) -> Iterator[int]:
    """Yield which tokens begin a statement."""
    depth, lambdas, begins = 0, 0, True
    for at, token in enumerate(tokens):
        if begins:
            yield at
        sign = token.string if token.type in (tokenize.OP, tokenize.NAME) else ""
        depth += (sign in ("(", "[", "{")) - (sign in (")", "]", "}"))
        lambdas += sign == "lambda" and depth == 0
        begins = token.type in _ENDS or (sign in (";", ":") and depth == 0 and lambdas == 0)
        lambdas -= sign == ":" and depth == 0 and lambdas > 0


_ENDS = (tokenize.NEWLINE, tokenize.NL, tokenize.INDENT, tokenize.DEDENT, tokenize.COMMENT, tokenize.ENCODING)


def _blank(lines: Sequence[str], start: Place, end: Place) -> Iterator[Edit]:
    """Yield blanks for a part of the text, without one statement less."""
    for row in range(start[0], end[0] + 1):
        line = lines[row - 1].rstrip("\n")
        first = start[1] if row == start[0] else 0
        last, rest = (end[1], "") if row == end[0] else (len(line), "\\")
        yield (row, first), (row, last), " " * (last - first) + rest


def _parentheses(tokens: Tokens) -> Iterator[Edit]:
    """Yield the parentheses around what an `except` names."""
    for at, token in enumerate(tokens):
        if token.type == tokenize.NAME and token.string == "except":
            first = at + 2 if tokens[at + 1].string == "*" else at + 1
            last, is_tuple = _caught(tokens, first)
            if is_tuple:
                yield tokens[first].start, tokens[first].start, "("
                yield tokens[last].end, tokens[last].end, ")"


def _caught(tokens: Tokens, first: int) -> tuple[int, bool]:
    """Return the last token of what an `except` names, and whether it is several things without parentheses."""
    depth = commas = 0
    for at in range(first, len(tokens)):
        sign = tokens[at].string if tokens[at].type in (tokenize.OP, tokenize.NAME) else ""
        if depth == 0 and sign in (":", "as", "lambda"):
            return at - 1, commas > 0 and sign == ":"
        depth += (sign in ("(", "[", "{")) - (sign in (")", "]", "}"))
        commas += depth == 0 and sign == ","
    return first, False
