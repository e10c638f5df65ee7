"""Parts of messages on a wrong setting: where it stands in the file, what was found, and what may have been meant."""

from __future__ import annotations

import re
from collections.abc import Iterable


def nearest(word: str, known: Iterable[str]) -> str:
    """Return the question whether the nearest of the known words was meant; empty where none is near."""
    import difflib  # noqa: PLC0415 - only on the way to an error

    close = difflib.get_close_matches(word, [name for name in known if name], n=1, cutoff=0.5)
    return f'; did you mean "{close[0]}"?' if close else ""


def shown(value: object) -> str:
    """Return a value as a message has it."""
    try:
        return repr(value)
    except ValueError:  # Python's limit for numbers
        return "a number without end"
    except RecursionError:
        return "a table without end"


def written(name: str) -> str:
    """Return a key so that it fits on a line, whatever it is made of."""
    return name if name.isprintable() else repr(name)


def line_of(text: str, path: tuple[str, ...], number: int) -> int:
    """Return the line on which a setting stands, from 1; 0 if it cannot be told.

    Args:
        text: the file.
        path: the setting's keys below [tool.buildkit].
        number: which of the tables of a list it is in, from 0.
    """
    wanted = ("tool", "buildkit", *path)
    table: tuple[str, ...] = ()
    tables, nearest, length = 0, 0, 2
    for at, line in enumerate(text.splitlines(), 1):
        words = line.strip()
        if words.startswith("["):
            found = table = _keys(words.strip("[]").partition("]")[0])
            tables += words.startswith("[[") and wanted[: len(table)] == table
            if table[: len(wanted)] == wanted and tables in {0, number + 1}:
                return at
        else:
            found = (*table, *_keys(words.partition("=")[0]))
        if wanted[: len(found)] == found and len(found) > length and tables in {0, number + 1}:
            nearest, length = at, len(found)
    return nearest


def _keys(text: str) -> tuple[str, ...]:
    """Return the keys of a dotted key, of which each may be in quotes."""
    return tuple(bare or quoted.strip("\"'") for bare, quoted in re.findall(r"""([\w-]+)|("[^"]*"|'[^']*')""", text))
