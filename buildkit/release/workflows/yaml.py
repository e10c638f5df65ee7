"""How values are written in YAML: as they are where that can mean nothing else, else between quotes."""

from __future__ import annotations

import json
import re

_PLAIN = re.compile(r"[A-Za-z./_](?:[A-Za-z0-9./_=$|,-]| (?!#))*(?<! )")
"""A text that no reader takes for a number, a list, a mapping, a comment or a reference."""
_WORDS = frozenset({"true", "false", "yes", "no", "on", "off", "null", "y", "n", "."})


def text(value: str) -> str:
    """Return a text as a value of YAML on one line."""
    if _PLAIN.fullmatch(value) and value.lower() not in _WORDS:
        return value
    if value.isprintable() and value.isascii():
        doubled = value.replace("'", "''")
        return f"'{doubled}'"
    return json.dumps(value)
