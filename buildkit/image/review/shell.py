"""The simple commands of a text for the shell: enough of its grammar to know which programs an instruction calls."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import NamedTuple

from buildkit.image.commands import SHELLS

_ASSIGNED = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)=(.*)", re.DOTALL)
_WORDS = frozenset(["!", "{", "do", "elif", "else", "exec", "if", "sudo", "then", "time", "until", "while", "env"])
"""Words before a command that are no part of it."""
_VARIABLE = re.compile(r"\$\{?([A-Za-z_]\w*)\}?")
_ENDS = "\n;|&()"


class Command(NamedTuple):
    """A simple command.

    Args:
        words: program and arguments, without quotes.
        assigned: the variables that are set for it.
    """

    words: tuple[str, ...]
    assigned: Mapping[str, str]


def commands(text: str) -> list[Command]:
    """Return the simple commands of a text, those in `$(…)` and behind `sh -c` included; what follows a `#` is none."""
    found = []
    for each in _Reading(text).all():
        found.append(each)
        if len(each.words) > 2 and PurePosixPath(each.words[0]).name in SHELLS and each.words[1].endswith("c"):  # noqa: PLR2004
            found += commands(each.words[2])
    return found


def spread(found: list[Command], known: Mapping[str, str]) -> list[Command]:
    """Return commands with words that are one variable replaced by the words of its value, where that is known.

    Args:
        found: the commands, in their order.
        known: the variables before the first one; what the commands set themselves comes to that.
    """
    values = dict(known)
    out = []
    for each in found:
        if not each.words or each.words[0] == "export":
            values.update(each.assigned)
            values.update(word.partition("=")[::2] for word in each.words[1:] if "=" in word)
        words: list[str] = []
        for word in each.words:
            match = _VARIABLE.fullmatch(word)
            words += values[match[1]].split() if match and match[1] in values else [word]
        out.append(Command(tuple(words), each.assigned))
    return out


class _Reading:
    """One pass over a text."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def all(self) -> Iterator[Command]:
        words: list[str] = []
        word: str | None = None
        inner: list[str] = []
        while self._at < len(self._text):
            character = self._text[self._at]
            self._at += 1
            if character == "#" and word is None:
                self._at = (self._text.find("\n", self._at) + 1 or len(self._text) + 1) - 1
            elif character in _ENDS or character.isspace():
                words += [] if word is None else [word]
                word = None
                if character in _ENDS:
                    yield from _command(words)
                    words = []
            elif character == "\\":
                following = self._text[self._at : self._at + 1]
                self._at += 1
                word = word if following == "\n" else (word or "") + following
            elif character in "'\"":
                word = (word or "") + self._until(character)
            elif character == "`" or self._text.startswith("$(", self._at - 1):
                inside = self._until("`") if character == "`" else self._nested()
                if not inside.lstrip().startswith("#"):
                    inner.append(inside)
                    word = (word or "") + "$()"
            else:
                word = (word or "") + character
        yield from _command([*words, *([] if word is None else [word])])
        for each in inner:
            yield from _Reading(each).all()

    def _until(self, end: str) -> str:
        out = ""
        while self._at < len(self._text):
            character = self._text[self._at]
            self._at += 1
            if character == end:
                break
            if character == "\\" and end != "'":
                out += self._text[self._at : self._at + 1]
                self._at += 1
            else:
                out += character
        return out

    def _nested(self) -> str:
        self._at += 1
        start, deep = self._at, 1
        while self._at < len(self._text) and deep:
            deep += {"(": 1, ")": -1}.get(self._text[self._at], 0)
            self._at += 1
        return self._text[start : self._at - 1]


def _command(words: list[str]) -> Iterator[Command]:
    assigned: dict[str, str] = {}
    while words and (words[0] in _WORDS or _ASSIGNED.fullmatch(words[0])):
        match = _ASSIGNED.fullmatch(words[0])
        if match:
            assigned[match[1]] = match[2]
        words = words[1:]
    if words or assigned:
        yield Command(tuple(words), assigned)
