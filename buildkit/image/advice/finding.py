"""One thing that is wrong with ignore rules."""

from __future__ import annotations

from typing import NamedTuple


class Change(NamedTuple):
    """A change of one line of the project's ignore file.

    Args:
        number: the line that is replaced, from 1; 0 for a line at the end.
        text: what is written; None takes the line away.
    """

    number: int
    text: str | None


class Finding(NamedTuple):
    """One finding.

    Args:
        code: a word by which it is known: `anchored`.
        place: the file and line, or the path, that it is about.
        says: what it does.
        files: how many files that concerns.
        size: their bytes.
        proposal: what to do.
        changes: how to do that in the ignore file; none where a person has to.
        paths: what the changes keep out.
        made_again: whether what it keeps out is made again by tools, and of no use on another machine.
        held_by: why the changes are not made: the instruction that takes what they would keep out.
    """

    code: str
    place: str
    says: str
    files: int = 0
    size: int = 0
    proposal: str = ""
    changes: tuple[Change, ...] = ()
    paths: tuple[str, ...] = ()
    made_again: bool = False
    held_by: str = ""
