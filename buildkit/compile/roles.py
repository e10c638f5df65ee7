"""What a source is for, as its text says: a program that is run, or a part of another source."""

from __future__ import annotations

import posixpath
import re

_GUARD = re.compile(
    rb"""^if\s*\(?\s*(__name__\s*==\s*["']__main__["']|["']__main__["']\s*==\s*__name__)""", re.MULTILINE
)
_INCLUDE = re.compile(rb"""^[ \t]*include[ \t]+["']([^"'\r\n]+)["']""", re.MULTILINE)

_PUBLIC = re.compile(rb"^([ \t]*)(?:cdef|ctypedef)[ \t]+(?:[^\n(=:]*[ \t])?(?:public|api)(?=[ \t:])", re.MULTILINE)
_CLASS = re.compile(rb"[ \t]*(?:cdef[ \t]+(?:(?:public|api)[ \t]+)?)?class\b")


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


def declares_public(text: bytes) -> bool:
    """Return whether a source of Cython declares something for C: `cdef public` or `cdef api`, but of no class.

    In a class `cdef public` makes an attribute that Python sees, and no header.
    """
    return any(not _is_in_class(text, found) for found in _PUBLIC.finditer(text))


def _is_in_class(text: bytes, found: re.Match[bytes]) -> bool:
    """Return whether what a line belongs to, as its indentation says, is a class."""
    width = len(found[1])
    for line in reversed(text[: found.start()].splitlines()) if width else ():
        inner = len(line) - len(line.lstrip())
        if line.strip() and inner < width:
            if _CLASS.match(line):
                return True
            width = inner
    return False
