"""What stands in brackets without parentheses that Cython wants: `x[*y]`, `x[y := 1]` and `{y := 1}`.

In the text, before Cython reads it; `written` has the table.
"""

from __future__ import annotations

import keyword
import tokenize
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

Tokens = list[tokenize.TokenInfo]
Place = tuple[int, int]
"""A line, counted from 1, and a column in it, counted from 0."""
Edit = tuple[Place, Place, str]
"""From where to where, and what is to stand there."""

SUBSCRIPT, OPENING, CLOSING = "subscript", ("(", "[", "{"), (")", "]", "}")
_NOTHING = (tokenize.NL, tokenize.COMMENT)


@dataclass(slots=True)
class _Item:
    """What stands between two commas: its first and its last token."""

    first: tokenize.TokenInfo
    last: tokenize.TokenInfo
    binds: bool = False


@dataclass(slots=True)
class _Pair:
    """What stands between two brackets."""

    kind: str
    items: list[_Item] = field(default_factory=list)
    is_new: bool = True
    is_loop: bool = False
    has_slice: bool = False
    lambdas: int = 0
    last: tokenize.TokenInfo | None = None


def parentheses(tokens: Tokens, without: Sequence[tuple[Place, Place]] = ()) -> Iterator[Edit]:
    """Yield the parentheses that are wanted.

    Args:
        tokens: of a module, each f-string as one.
        without: from where to where nothing is to be changed.
    """
    open_pairs = [_Pair("")]
    before: tokenize.TokenInfo | None = None
    for token in tokens:
        if token.type in _NOTHING:
            continue
        sign = token.string if token.type in (tokenize.OP, tokenize.NAME) else ""
        if sign in CLOSING and len(open_pairs) > 1:
            pair = open_pairs.pop()
            if not any(first <= token.start <= last for first, last in without):
                yield from _around(pair)
            _note(open_pairs[-1], token, "")
        else:
            _note(open_pairs[-1], token, sign)
            if sign in OPENING:
                open_pairs.append(_Pair(SUBSCRIPT if sign == "[" and _is_value(before) else sign))
        before = token


def _is_value(token: tokenize.TokenInfo | None) -> bool:
    """Return whether a bracket behind this token is a subscript."""
    if token is None:
        return False
    is_name = token.type == tokenize.NAME and not keyword.iskeyword(token.string)
    return is_name or token.type in (tokenize.STRING, tokenize.NUMBER) or token.string in CLOSING


def _note(pair: _Pair, token: tokenize.TokenInfo, sign: str) -> None:
    """Note a token that stands right in a pair of brackets."""
    pair.last = token
    if sign == ",":
        pair.is_new = True
        return
    pair.is_loop = pair.is_loop or sign in ("for", "async")
    pair.has_slice = pair.has_slice or (sign == ":" and not pair.lambdas)
    pair.lambdas += (sign == "lambda") - (sign == ":" and pair.lambdas > 0)
    if pair.is_loop or not pair.kind:
        return  # what is bound in the rest of a comprehension has parentheses
    if pair.is_new:
        pair.items.append(_Item(token, token))
        pair.is_new = False
    pair.items[-1].last = token
    pair.items[-1].binds = pair.items[-1].binds or sign == ":="


def _around(pair: _Pair) -> Iterator[Edit]:
    """Yield the parentheses that a pair of brackets lacks."""
    if pair.kind not in (SUBSCRIPT, "{"):
        return
    for item in pair.items:
        if item.binds:
            yield item.first.start, item.first.start, "("
            yield item.last.end, item.last.end, ")"
    has_star = any(item.first.string == "*" for item in pair.items)
    if pair.kind == SUBSCRIPT and has_star and not pair.has_slice and pair.last:
        begin, end = pair.items[0].first.start, pair.last.end
        yield begin, begin, "("
        yield end, end, ")" if len(pair.items) > 1 or pair.last.string == "," else ",)"
