"""Validates data from outside (archives, artefacts, records, states, settings) before it is used.

Archives, artefacts, records, states and settings may come from another machine, a cloned repository or an attacker. The
rules are what the suite itself would have written: names that stay in their folder, digests of 64 lower-case
hexadecimal digits, numbers that a machine can hold, JSON of one reading. Everything else is `Odd`, a `ValueError` whose
words say what is wrong and never hold more than a line of what was handed in.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any, NoReturn

from buildkit.model import Digest

MOST_JSON = 32 << 20
"""Bytes of a JSON document that is read at all, unless the reader says less."""

MOST_SECONDS = 1e12
"""The largest valid number of seconds, for a span or a moment."""

_DEPTH = 64
_LONGEST_PATH, _LONGEST_NAME = 4096, 255
_SHOWN = 200
_HEX = frozenset("0123456789abcdef")
_DIGEST_LENGTH = 64
_BRACKETS_FREE = 4096
_BYTES_A_BRACKET = 4
_LONE = re.compile("[\0\ud800-\udc7f\udd00-\udfff]")
"""NUL, and halves of characters; those with which Python writes names that are no UTF-8 (PEP 383) are none of them."""


_PATH = re.compile(r"(?:(?!\.{1,2}(?:/|\Z))[^/\0\ud800-\udc7f\udd00-\udfff]{1,63}(?:/|\Z))+")
"""Of most paths this says at once that they are well: each part has no more bytes than a name may have."""


class Odd(ValueError):  # noqa: N818 - a fact: who hears it words it
    """Data from outside is malformed: the suite would not have written it."""


# ------------------------------------------------------------------ JSON


def json_of(content: bytes | str, most: int = MOST_JSON, *, typed: bool = False) -> Any:  # noqa: ANN401 - JSON
    """Return the value of a JSON document that has one reading: UTF-8, no name twice, no NaN, no endless nesting.

    Args:
        content: the document.
        most: bytes that it may have.
        typed: the caller checks each value that it uses, so numbers and nesting are not checked here.

    Raises:
        Odd: it is no such JSON document, or has more than `most` bytes.
    """
    if len(content) > most:
        raise Odd(f"more than {most:,} bytes of JSON")
    try:
        text = content if isinstance(content, str) else content.decode()
    except UnicodeDecodeError:
        raise Odd("not UTF-8") from None
    # what is nothing but brackets takes fifty times its size once it is read
    if text.count("[") + text.count("{") > _BRACKETS_FREE + len(text) // _BYTES_A_BRACKET:
        raise Odd("more brackets than content")
    try:
        found = json.loads(text, object_pairs_hook=_unique, parse_constant=_no_number)
    except RecursionError:
        raise Odd("nested too deeply") from None
    except Odd:
        raise
    except ValueError as error:
        raise Odd(f"not JSON: {shown(error)}") from None
    if not typed or "\\u" in text:
        require_serializable(found)
    return found


def require_serializable(value: object) -> None:
    """Check that a JSON value can be written, sorted, digested and shown again.

    Raises:
        Odd: a text with half a character or a NUL, a number without end, or nesting without need.
    """
    level: list[object] = [value]
    for _ in range(_DEPTH):
        below: list[object] = []
        for each in level:
            if isinstance(each, str):
                text(each)
            elif isinstance(each, float) and not math.isfinite(each):
                raise Odd("a number without end")
            elif isinstance(each, dict):
                below += each.keys()
                below += each.values()
            elif isinstance(each, list):
                below += each
        if not below:
            return
        level = below
    raise Odd("nested too deeply")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Odd("a name twice in one object")
    return found


def _no_number(word: str) -> NoReturn:
    raise Odd(f"{word} is no number")


# ------------------------------------------------------------------ values


def table(value: object) -> dict[str, Any]:
    """Return `value` if it is a JSON object."""
    if not isinstance(value, dict):
        raise Odd(f"{shown(repr(value))} is no object")
    return value


def rows(value: object) -> list[Any]:
    """Return `value` if it is a list."""
    if not isinstance(value, list):
        raise Odd(f"{shown(repr(value))} is no list")
    return value


def text(value: object) -> str:
    """Return `value` if it is a text of whole characters."""
    if not isinstance(value, str) or _LONE.search(value):
        raise Odd(f"{shown(repr(value))} is no text")
    return value


def texts(value: object) -> list[str]:
    """Return `value` if it is a list of texts."""
    return [text(each) for each in rows(value)]


def number(value: object, least: int = 0, most: int = (1 << 63) - 1) -> int:
    """Return `value` if it is a whole number from `least` to `most`."""
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise Odd(f"{_briefly(value)} is no whole number from {least} to {most}")
    return value


def seconds(value: object) -> float:
    """Return `value` if it is a span or a moment in seconds that a clock could give."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= MOST_SECONDS:
        raise Odd(f"{_briefly(value)} is no time in seconds")
    return float(value)


def digest(value: object) -> Digest:
    """Return `value` if it is a SHA-256 in lower-case hexadecimal."""
    if not is_digest(value):
        raise Odd(f"{shown(repr(value))} is no digest")
    return Digest(str(value))


def is_digest(value: object) -> bool:
    """Return whether `value` is a SHA-256 in lower-case hexadecimal."""
    return isinstance(value, str) and len(value) == _DIGEST_LENGTH and _HEX.issuperset(value)


# ------------------------------------------------------------------ names


def path(value: object) -> str:
    """Check that `value` is a normalized relative path that stays in its folder; return it."""
    if isinstance(value, str) and len(value) <= _LONGEST_PATH and _PATH.fullmatch(value) and value[-1] != "/":
        return value
    found = text(value)
    if len(found) > _LONGEST_PATH:
        raise Odd(f"a path of {len(found)} characters")
    for part in found.split("/"):
        name(part)
    return found


def name(value: object) -> str:
    """Check that `value` is a single file name without a slash; return it."""
    found = text(value)
    if found in {"", ".", ".."} or "/" in found:
        raise Odd(f"{shown(repr(found))} does not stay in its folder")
    try:
        if len(found.encode(errors="surrogateescape")) > _LONGEST_NAME:
            raise Odd(f"a name of {len(found)} characters")
    except UnicodeEncodeError:
        raise Odd(f"{shown(repr(found))} is no text") from None
    return found


def require_disjoint(paths: set[str]) -> None:
    """Check that no path lies below another one, which would then be both a file and a folder.

    Raises:
        Odd: one does.
    """
    for each in paths:
        above = each.rpartition("/")[0]
        while above:
            if above in paths:
                raise Odd(f"{shown(repr(each))} lies below the file {shown(repr(above))}")
            above = above.rpartition("/")[0]


# ------------------------------------------------------------------ words


def shown(value: object, most: int = _SHOWN) -> str:
    """Return text from outside for use within a line: unprintable characters are replaced, long text is cut."""
    found = str(value)
    line = "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in found[:most])
    return f"{line}…" if len(found) > most else line


def _briefly(value: object) -> str:
    if isinstance(value, int) and value.bit_length() > _DIGEST_LENGTH:
        return "a number of many digits"  # which Python refuses to write out
    return shown(repr(value))
