"""The variables and quotes in a word of a Dockerfile, replaced as the builder replaces them."""

from __future__ import annotations

import re
from collections.abc import Mapping

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*|[0-9@*#]")
_BRACED = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)(:?[-+?])?")

Known = Mapping[str, str | None]
"""Values of variables; None for one that has a value nobody here knows."""


def expanded(word: str, variables: Known, *, escape: str = "\\", default: str | None = "") -> str | None:
    """Return a word with its variables replaced and without its quotes; None if it depends on what is not known.

    Args:
        word: as it is written in the Dockerfile.
        variables: those that are set.
        escape: the character that escapes the next one.
        default: the value of a variable that is not set; None if that is not known.
    """
    return _Reading(word, variables, escape, default).all()


class _Unknown(Exception):  # noqa: N818 - a fact
    pass


class _Reading:
    """One pass over a word."""

    def __init__(self, word: str, variables: Known, escape: str, default: str | None) -> None:
        self._word = word
        self._variables = variables
        self._escape = escape
        self._default = default
        self._at = 0

    def all(self) -> str | None:
        try:
            return self._until("")
        except _Unknown:
            return None

    def _until(self, end: str) -> str:
        """Return what comes before the character `end`, and pass that; all of it where `end` is empty."""
        out = ""
        while self._at < len(self._word):
            character = self._word[self._at]
            self._at += 1
            if character == end:
                return out
            if character == self._escape:
                out += self._escaped(quoted=end == '"')
            elif character == "'" and end != '"':
                close = self._word.find("'", self._at)
                if close < 0:
                    raise _Unknown
                out += self._word[self._at : close]
                self._at = close + 1
            elif character == '"':
                out += self._until('"')
            elif character == "$":
                out += self._variable()
            else:
                out += character
        if end:
            raise _Unknown
        return out

    def _escaped(self, *, quoted: bool) -> str:
        following = self._word[self._at : self._at + 1]
        self._at += len(following)
        if quoted and following not in ('"', "$", self._escape):
            return self._escape + following
        return following

    def _variable(self) -> str:
        braced = _BRACED.match(self._word, self._at)
        if braced is None:
            name = _NAME.match(self._word, self._at)
            if name is None:
                if self._word[self._at : self._at + 1] == "{":
                    raise _Unknown
                return "$"
            self._at = name.end()
            return self._value(name[0])
        self._at = braced.end()
        name_of, how = braced[1], braced[2]
        if how is None:
            if self._word[self._at : self._at + 1] != "}":  # `#`, `%` and `/` cut or replace a part
                raise _Unknown
            self._at += 1
            return self._value(name_of)
        other = self._until("}")
        value = self._variables.get(name_of, self._default if name_of not in self._variables else None)
        if value is None:
            raise _Unknown
        there = name_of in self._variables and (bool(value) or not how.startswith(":"))
        if how.endswith("+"):
            return other if there else ""
        if not there and how.endswith("?"):
            raise _Unknown
        return value if there else other

    def _value(self, name: str) -> str:
        value = self._variables.get(name, self._default)
        if value is None:
            raise _Unknown
        return value
