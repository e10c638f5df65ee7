"""What a source is for, as its text says: a program that is run, or a part of another source."""

from __future__ import annotations

import posixpath
import re

_GUARD = re.compile(
    rb"""^if\s*\(?\s*(__name__\s*==\s*["']__main__["']|["']__main__["']\s*==\s*__name__)""", re.MULTILINE
)
_INCLUDE = re.compile(rb"""^[ \t]*include[ \t]+["']([^"'\r\n]+)["']""", re.MULTILINE)


def is_program(text: bytes) -> bool:
    """Return whether a module does something of its own when it is run: `if __name__ == "__main__":`."""
    return b"__main__" in text and _GUARD.search(text) is not None


def included(text: bytes, folder: str) -> list[str]:
    """Return the files that a source of Cython includes, relative to the source root, as far as they may lie there.

    Args:
        text: the source.
        folder: where it lies, relative to the source root.
    """
    names = [name.decode("utf-8", "replace") for name in _INCLUDE.findall(text)]
    return [posixpath.normpath(place) for name in names for place in (posixpath.join(folder, name), name)]
