"""The lines of a .dockerignore file, read as the builder reads them: twice."""

from __future__ import annotations

import posixpath
import re

from buildkit.errors import ConfigurationError
from buildkit.image.ignore.patterns import compiled
from buildkit.image.ignore.rules import Ignore, Rule

_SPACES = "\t\n\v\f\r \x85\xa0\u1680" + "".join(map(chr, range(0x2000, 0x200B))) + "\u2028\u2029\u202f\u205f\u3000"
"""What Unicode calls white space; Python's `strip` takes U+001C to U+001F too."""

_MOST = 64 * 1024
"""Bytes of a line, its end included, that the builder has room for."""


def parse(text: str, name: str = ".dockerignore") -> Ignore:
    """Return the rules of an ignore file.

    Args:
        text: its content.
        name: what to call it in an error.

    Raises:
        ConfigurationError: a line is no valid pattern, or too long.
    """
    lines = enumerate(text.removeprefix("\ufeff").split("\n"), 1)
    return Ignore([rule for number, line in lines for rule in _rules(number, line, name)])


def _rules(number: int, line: str, name: str) -> list[Rule]:
    """Return the rule of a line; nothing of a comment, or of one that is empty."""
    text = line.strip(_SPACES)
    if len(line.encode("utf-8", "surrogateescape")) >= _MOST:
        raise ConfigurationError(
            f"{name}:{number}: the line is longer than the builder reads",
            hint=f"it takes less than {_MOST // 1024} KiB",
        )
    try:
        return [_rule(number, text)] if text and not line.startswith("#") else []
    except ValueError as error:
        raise ConfigurationError(
            f'{name}:{number}: "{text}" is no pattern: {error}',
            hint='the builder refuses such a file; mend the line, or write "\\" before a special character',
        ) from None


def _rule(number: int, line: str) -> Rule:
    """Return the rule of a line, cleaned a second time after the first: so `./!a` is an exception, and `/ a` is `a`."""
    keeps = line.startswith("!")
    written = line[1:].strip(_SPACES) if keeps else line
    once = _clean(written) if written else ""
    if len(once) > 1:
        once = once.removeprefix("/")
    pattern = _clean(f"{'!' if keeps else ''}{once}".strip(_SPACES))
    if pattern == "!":
        raise ValueError('nothing follows the "!"')
    keeps = pattern.startswith("!")
    return Rule(number, line, keeps, compiled(pattern.removeprefix("!")))


def _clean(path: str) -> str:
    return posixpath.normpath(re.sub("/+", "/", path))
