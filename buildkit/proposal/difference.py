"""Shows what is to become of files: a unified difference in colour, each new line with its reason."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator

from buildkit.proposal.files import Change

_GREEN, _RED, _DIM, _BOLD, _PLAIN = "\033[32m", "\033[31m", "\033[2m", "\033[1m", "\033[0m"
_NARROWEST = 40
_MARK = "# "


def lines_of(changes: Iterable[Change], *, width: int, coloured: bool) -> Iterator[str]:
    """Yield the lines that show the changes.

    Args:
        changes: the files.
        width: columns of the terminal.
        coloured: whether they have colours.
    """
    for change in changes:
        old = f"a/{change.file}" if change.before else "/dev/null"
        said = difflib.unified_diff(
            change.before.splitlines(), change.after.splitlines(), old, f"b/{change.file}", n=2, lineterm=""
        )
        for number, line in enumerate(said):
            if number < 2:  # noqa: PLR2004 - the two lines that name the file
                yield _painted(line, _BOLD, coloured=coloured)
            elif line.startswith("+"):
                yield from _added(line, change.reasons.get(line[1:].strip(), ""), width, coloured=coloured)
            elif line.startswith("-"):
                yield _painted(line, _RED, coloured=coloured)
            else:
                yield _painted(line, _DIM, coloured=coloured) if line.startswith("@@") else line


def _added(line: str, reason: str, width: int, *, coloured: bool) -> Iterator[str]:
    """Yield a new line with its reason: behind it where both fit, else above it."""
    shown = _painted(line, _GREEN, coloured=coloured)
    words = f"{_MARK}{reason}"
    if not reason:
        yield shown
    elif max(len(line), _NARROWEST) + 2 + len(words) <= width:
        yield f"{shown}{' ' * (max(len(line), _NARROWEST) + 2 - len(line))}{_painted(words, _DIM, coloured=coloured)}"
    else:
        yield _painted(f" {words}", _DIM, coloured=coloured)
        yield shown


def _painted(text: str, code: str, *, coloured: bool) -> str:
    return f"{code}{text}{_PLAIN}" if coloured and text else text
