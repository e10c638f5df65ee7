r"""A regular expression as the builder's language (Go's `regexp`) has it, in Python's words.

The two differ where nobody looks: `[[:alpha:]]` and `\pL` are classes, `\z` is the end, `\Q…\E` means itself, `{,2}` is
no repetition, and what neither knows is refused by Go alone.
"""

from __future__ import annotations

import re
import sys
import unicodedata
from collections.abc import Iterable, Sequence
from functools import cache

Ranges = list[tuple[int, int]]

_MOST = sys.maxunicode
_TIMES = re.compile(r"\{(0|[1-9][0-9]*)(?:(,)(0|[1-9][0-9]*)?)?\}")
_MOST_TIMES = 1000
_OCTAL = re.compile(r"0[0-7]{0,2}|[1-7][0-7]{1,2}")
_HEXADECIMAL = re.compile(r"x(?:([0-9A-Fa-f]{2})|\{([0-9A-Fa-f]+)\})")
_CATEGORY = re.compile(r"[pP](?:\{(\^?)([A-Za-z_]+)\}|([A-Z]))")
_OF_UNICODE = re.compile("C[cfos]?|L[ulmot]?|M[nce]?|N[dlo]?|P[cdseifo]?|S[mcko]?|Z[slp]?")
_CONTROLS = {"a": 7, "f": 12, "n": 10, "r": 13, "t": 9, "v": 11}
_DIGITS, _WORDS = "09", "09AZ__az"
_PERL = {"d": _DIGITS, "s": "\t\n\f\r  ", "w": _WORDS}
_POSIX = {
    "alnum": "09AZaz",
    "alpha": "AZaz",
    "ascii": "\0\x7f",
    "blank": "\t\t  ",
    "cntrl": "\0\x1f\x7f\x7f",
    "digit": _DIGITS,
    "graph": "!~",
    "lower": "az",
    "print": " ~",
    "punct": "!/:@[`{~",
    "space": "\t\r  ",
    "upper": "AZ",
    "word": _WORDS,
    "xdigit": "09AFaf",
}
"""Pairs of characters: the first and the last of each range."""


def of_go(expression: str) -> str:
    """Return Python's expression, for `re.ASCII`, that finds what Go's finds.

    Args:
        expression: of Go's syntax without groups and lazy repetition, which no pattern leads to.

    Raises:
        ValueError: Go refuses it, or Python cannot say it.
    """
    parts = []
    rest = expression
    while rest:
        part, rest = _part(rest)
        parts.append(part)
    return "".join(parts)


def _part(rest: str) -> tuple[str, str]:
    """Return the first part of an expression in Python's words, and the rest."""
    first, behind = rest[0], rest[1:]
    if first == "\\":
        return _escaped(behind)
    if first == "[":
        return _class(behind)
    if first == "{":
        return _times(rest)
    if first in "^$(":  # in parentheses, so that a number of times may follow
        return {"^": r"(?:\A)", "$": r"(?:\Z)", "(": "(?:"}[first], behind
    if first in ".*?|)":
        return first, behind
    return re.escape(first), behind


def _times(rest: str) -> tuple[str, str]:
    found = _TIMES.match(rest)
    if found is None:
        return r"\{", rest[1:]
    if max(int(number) for number in (found[1], found[3] or "0")) > _MOST_TIMES:
        raise ValueError(f"{found[0]} repeats more than {_MOST_TIMES} times")
    return found[0], rest[found.end() :]


def _escaped(rest: str) -> tuple[str, str]:
    """Return what stands behind a backslash, outside of a set."""
    first, behind = rest[:1], rest[1:]
    if first in ("A", "b", "B"):
        return rf"(?:\{first})", behind
    if first == "z":
        return r"(?:\Z)", behind
    if first == "Q":
        literal, _, behind = behind.partition(r"\E")
        return re.escape(literal), behind
    found, rest = _named(rest)
    if found is None:
        number, rest = _character(rest)
        return _text([(number, number)]), rest
    return f"[{_text(found)}]", rest


def _class(rest: str) -> tuple[str, str]:
    """Return a set of characters; `rest` begins behind its bracket."""
    negates = rest.startswith("^")
    rest = rest.removeprefix("^")
    ranges: Ranges = []
    first = True
    while first or not rest.startswith("]"):
        first = False
        found, rest = _member(rest)
        ranges += found
    return f"[{'^' if negates else ''}{_text(ranges)}]", rest[1:]


def _member(rest: str) -> tuple[Ranges, str]:
    end = rest.find(":]", 2)
    if rest.startswith("[:") and end >= 0:
        name = rest[2:end]
        pairs = _POSIX.get(name.removeprefix("^"))
        if pairs is None:
            raise ValueError(f"there is no class [:{name}:]")
        return _pairs(pairs, negates=name.startswith("^")), rest[end + 2 :]
    if rest.startswith("\\"):
        found, behind = _named(rest[1:])
        if found is not None:
            return found, behind
    low, rest = _one(rest)
    high = low
    if len(rest) > 1 and rest[0] == "-" and rest[1] != "]":
        high, rest = _one(rest[1:])
    if high < low:
        raise ValueError(f"the range {chr(low)}-{chr(high)} is empty")
    return [(low, high)], rest


def _one(rest: str) -> tuple[int, str]:
    if not rest:
        raise ValueError('"[" begins a set of characters that does not end')
    return _character(rest[1:]) if rest[0] == "\\" else (ord(rest[0]), rest[1:])


def _named(rest: str) -> tuple[Ranges | None, str]:
    """Return the characters of a class such as `d`, `W` or `pL`, written behind a backslash; None if there is none."""
    first = rest[:1]
    if pairs := _PERL.get(first.lower()):
        return _pairs(pairs, negates=first.isupper()), rest[1:]
    if first not in ("p", "P"):
        return None, rest
    found = _CATEGORY.match(rest)
    if found is None:
        raise ValueError(rf"\{first} names no class of characters")
    ranges = _category(found[2] or found[3])
    negates = (first == "P") != bool(found[1])
    return (_complement(ranges) if negates else ranges), rest[found.end() :]


@cache
def _category(name: str) -> Ranges:
    """Return the characters of a category of Unicode such as `L` or `Lu`."""
    if name == "Any":
        return [(0, _MOST)]
    if not _OF_UNICODE.fullmatch(name):
        raise ValueError(rf"\p{{{name}}} is no category of Unicode; scripts are known to the builder alone")
    ranges: Ranges = []
    for number in range(_MOST + 1):
        category = unicodedata.category(chr(number))
        if category.startswith(name) and category != "Cn":  # what is not assigned is in no category of the builder's
            if ranges and ranges[-1][1] == number - 1:
                ranges[-1] = (ranges[-1][0], number)
            else:
                ranges.append((number, number))
    return ranges


def _character(rest: str) -> tuple[int, str]:
    """Return the character that is written behind a backslash."""
    first = rest[:1]
    if first in _CONTROLS:
        return _CONTROLS[first], rest[1:]
    if found := _OCTAL.match(rest):
        return int(found[0], 8), rest[found.end() :]
    if found := _HEXADECIMAL.match(rest):
        number = int(found[1] or found[2], 16)
        if number <= _MOST:
            return number, rest[found.end() :]
    elif first and first.isascii() and not first.isalnum():
        return ord(first), rest[1:]
    raise ValueError(f'nothing is known as "\\{first}"')


def _pairs(pairs: str, *, negates: bool) -> Ranges:
    ranges = [(ord(low), ord(high)) for low, high in zip(pairs[::2], pairs[1::2], strict=True)]
    return _complement(ranges) if negates else ranges


def _complement(ranges: Sequence[tuple[int, int]]) -> Ranges:
    found, start = [], 0
    for low, high in sorted(ranges):
        if low > start:
            found.append((start, low - 1))
        start = high + 1
    return [*found, (start, _MOST)] if start <= _MOST else found


def _text(ranges: Iterable[tuple[int, int]]) -> str:
    return "".join(f"\\U{low:08x}" if low == high else f"\\U{low:08x}-\\U{high:08x}" for low, high in ranges)
