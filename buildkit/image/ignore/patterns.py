"""Whether a path fits a pattern of a .dockerignore file."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from buildkit.image.ignore import regexps

EXACT, START, END, EXPRESSION = "exact", "start", "end", "expression"

_STARS = 6
"""With more of them a regular expression of Python's may try more ways through a path than a life has seconds."""

_WILD = re.compile(r"[*?\[\]\\]")
_MEMBERS = r"(?:[^\]\-\udc80-\udcff](?:-[^\]\-\udc80-\udcff])?)+"
_SET = re.compile(rf"\[(?:\^{_MEMBERS}|(?!\^){_MEMBERS})\]")
_ODD = re.compile(r"[\[\]{|^]|\\[0-9A-Za-z]")
_KEPT, _FOLDERS, _ONE = "kept", "folders", "one"

Steps = Sequence[tuple[str, Callable[[str], object]]]


@dataclass(frozen=True, slots=True)
class Pattern:
    """A pattern that paths are held against.

    Args:
        text: the pattern, as a clean relative path.
        kind: `exact`, `start` or `end` where plain comparisons decide, else `expression`.
        part: what a path has to be, begin or end with; of an `expression` Python's regular expression for it.
        fits: whether a path fits.
        is_simple: whether a regular expression says all: that it may be joined with others.
    """

    text: str
    kind: str
    part: str
    fits: Callable[[str], bool]
    is_simple: bool = True


def compiled(text: str) -> Pattern:
    """Return a pattern that has wildcards, or none.

    Raises:
        ValueError: the builder refuses it.
    """
    _check(text)
    if not _WILD.search(text):
        return Pattern(text, EXACT, text, text.__eq__)
    if text.startswith("**") and not _WILD.search(text[2:]):
        end = text[2:]
        return Pattern(text, END, end, lambda path: path.endswith(end) or (end[:1] == "/" and path == end[1:]))
    if text.endswith("**") and not _WILD.search(text[:-2]):
        start = text[:-2]
        return Pattern(text, START, start, lambda path: path.startswith(start))
    return _expression(text)


def _expression(text: str) -> Pattern:
    part = regexps.of_go(f"^{''.join(words for words, _, _ in _tokens(text))}$")
    try:
        expression = re.compile(part, re.ASCII)
    except (re.error, OverflowError, RecursionError) as error:
        raise ValueError(str(error)) from None
    if text.count("*") <= _STARS:
        return Pattern(text, EXPRESSION, part, lambda path: expression.search(path) is not None)
    if _ODD.search(text):
        raise ValueError(f'beside "[", "]", "{{", "|", "^" or an escaped letter it may have {_STARS} stars')
    steps = _steps(text)
    return Pattern(text, EXPRESSION, part, lambda path: _takes(steps, path), is_simple=False)


def _tokens(pattern: str) -> Iterator[tuple[str, str, Callable[[str], object]]]:
    """Yield the parts of a pattern: each as Go's regular expression, as a kind of step, and as a test of a character.

    It goes character by character, also between brackets, as the builder does.
    """
    at = 0
    while at < len(pattern):
        character = pattern[at]
        at += 1
        if character == "*" and pattern.startswith("*", at):
            at += 1
            at += pattern.startswith("/", at)
            yield (".*", _KEPT, "\n".__ne__) if at == len(pattern) else ("(.*/)?", _FOLDERS, "\n".__ne__)
        elif character == "*":
            yield "[^/]*", _KEPT, "/".__ne__
        elif character == "?":
            yield "[^/]", _ONE, "/".__ne__
        elif character == "\\":
            yield character + pattern[at], _ONE, pattern[at].__eq__
            at += 1
        else:
            yield f"\\{character}" if character in ".+()$" else character, _ONE, character.__eq__


def _steps(pattern: str) -> Steps:
    """Return what a pattern without odd characters wants of a path, step by step."""
    return [(kind, fits) for _, kind, fits in _tokens(pattern)]


def _takes(steps: Steps, path: str) -> bool:
    """Return whether a path takes all steps: all ways are followed at once, so that it takes no longer than it is."""
    here = _reached({0}, steps)
    inside: set[int] = set()
    for character in path:
        more, then = set[int](), set[int]()
        for at in here:
            if at < len(steps) and steps[at][1](character):
                kind = steps[at][0]
                if kind == _FOLDERS:
                    then.add(at)
                else:
                    more.add(at if kind == _KEPT else at + 1)
        inside = then | (inside if character != "\n" else set())
        if character == "/":
            more |= {at + 1 for at in inside}
        here = _reached(more, steps)
        if not here and not inside:
            return False
    return len(steps) in here


def _reached(places: set[int], steps: Steps) -> set[int]:
    """Return the places with those that are reached from them without a character."""
    found = set(places)
    waiting = list(places)
    while waiting:
        at = waiting.pop()
        if at < len(steps) and steps[at][0] != _ONE and at + 1 not in found:
            found.add(at + 1)
            waiting.append(at + 1)
    return found


def _check(pattern: str) -> None:
    """Raise `ValueError` where a set of characters or a backslash is left open, as Go's `filepath.Match` finds it."""
    rest = re.sub(r"\\.", "x", pattern, flags=re.DOTALL)
    if rest.endswith("\\"):
        raise ValueError("nothing follows the last backslash")
    at = rest.find("[")
    while at >= 0:
        found = _SET.match(rest, at)
        if found is None:
            raise ValueError('"[" begins a set of characters that does not end')
        at = rest.find("[", found.end())
