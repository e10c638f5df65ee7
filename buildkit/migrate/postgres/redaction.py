"""Removes passwords from messages, in whatever form they are written.

A password may appear raw, percent-encoded (in a URL, and once more in an ini file), escaped by JSON, by `repr`, by SQL
or in a connection string, and in mixtures of these. So each of its characters is looked for in all of its spellings.
Only messages are redacted; values that decide something are parsed before.
"""

from __future__ import annotations

import functools
import json
import os
import re
from collections.abc import Collection
from typing import Any
from urllib.parse import unquote

HIDDEN = "***"

_SHORT = 4
"""A shorter password is part of too many words, so it is hidden only where it stands by itself."""

_EVERYWHERE = "PGPASSWORD"


def redact(text: str, secrets: Collection[str]) -> str:
    """Return `text` without `secrets`, raw or percent-encoded, and without the password in PGPASSWORD."""
    known = {*secrets, *map(unquote, secrets), os.environ.get(_EVERYWHERE, "")} - {""}
    for secret in sorted(known, key=len, reverse=True):
        text = _pattern(secret).sub(HIDDEN, text)
    return text


def redacted(value: Any, secrets: Collection[str]) -> Any:  # noqa: ANN401 - JSON
    """Return a JSON value with all strings in it redacted, except for the keys of objects."""
    if isinstance(value, str):
        return redact(value, secrets)
    if isinstance(value, list):
        return [redacted(each, secrets) for each in value]
    if isinstance(value, dict):
        return {name: redacted(each, secrets) for name, each in value.items()}
    return value


@functools.lru_cache(maxsize=32)
def _pattern(secret: str) -> re.Pattern[str]:
    text = "".join(_spellings(character) for character in secret)
    return re.compile(text if len(secret) >= _SHORT else rf"(?<!\w){text}(?!\w)")


def _spellings(character: str) -> str:
    """Return a pattern for all spellings of a character; long ones first."""
    found = {character, character * 2} if character in "'\"%\\" else {character}
    raw = character.encode("utf-8", "surrogatepass")
    percent = "".join(f"%{byte:02X}" for byte in raw)
    found |= {percent, percent.replace("%", "%%"), percent.replace("%", "%25")}
    found |= {"".join(f"\\x{byte:02x}" for byte in raw), repr(character)[1:-1], f"\\{character}"}
    found.add(json.dumps(character)[1:-1])
    found.add(f"\\U{ord(character):08x}")
    units = character.encode("utf-16-be", "surrogatepass")
    found.add("".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2)))
    if ord(character) <= 0xFF:  # noqa: PLR2004 - as `repr` and `ascii` write it
        found.add(f"\\x{ord(character):02x}")
    if character == " ":
        found.add("+")
    found |= {_lower(each) for each in found}
    found |= {each.replace("\\", "\\\\").replace('"', '\\"') for each in found}  # escaped once more
    return "(?:" + "|".join(re.escape(each) for each in sorted(found, key=len, reverse=True)) + ")"


def _lower(spelling: str) -> str:
    """Return an escape with its hexadecimal digits in the other case; a character by itself stays as it is."""
    return spelling.lower() if spelling.startswith("%") and len(spelling) > 2 else spelling  # noqa: PLR2004
