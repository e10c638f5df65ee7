"""Whether a file is as the suite wrote it: its second line has the digest of all that comes after it."""

from __future__ import annotations

from enum import Enum

from buildkit.core.fingerprint import digest_bytes

_FIRST = "# Written by `invoke release.workflows`: change the settings and run it again; an edited file is left alone."
_SECOND = "# sha256 "


class Found(Enum):
    """What stands in the place of a file."""

    NOTHING = "nothing"
    EQUAL = "equal"
    OLDER = "older"
    EDITED = "edited"
    ANOTHER = "another"


def sealed(text: str) -> str:
    """Return a text with the two lines before it."""
    return f"{_FIRST}\n{_SECOND}{digest_bytes(text.encode())}\n{text}"


def found(there: str | None, wanted: str) -> Found:
    """Return what a file is.

    Args:
        there: its text; None if there is none.
        wanted: what would be written, sealed.
    """
    if there is None:
        return Found.NOTHING
    if there == wanted:
        return Found.EQUAL
    lines = there.split("\n", 2)
    if len(lines) < len(("first", "second", "rest")) or not lines[1].startswith(_SECOND):
        return Found.ANOTHER
    return Found.OLDER if sealed(lines[2]) == f"{_FIRST}\n{lines[1]}\n{lines[2]}" else Found.EDITED
