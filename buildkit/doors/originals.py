"""Keeps a user's file as it was before the suite wrote in its place."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from buildkit.doors import files
from buildkit.errors import ConfigurationError

_MOST = 1000


def keep_first(place: Path) -> None:
    """Keep a file as `NAME.original` before lines are added to it, unless one lies there: that is how it was at first.

    Args:
        place: the file, which is there.
    """
    kept = place.with_name(f"{place.name}.original")
    if not os.path.lexists(kept):
        _copy(place, kept)


def keep(place: Path) -> str:
    """Keep a file beside itself as `NAME.original`, never in the place of another one that was kept before.

    Args:
        place: the file.

    Returns:
        The name under which its content is kept; empty if there is no file.

    Raises:
        ConfigurationError: there is no free name left.
    """
    if not place.is_file():
        return ""
    content = place.read_bytes()
    for number in range(1, _MOST):
        kept = place.with_name(f"{place.name}.original{'' if number == 1 else f'.{number}'}")
        if kept.is_file() and kept.read_bytes() == content:
            return kept.name
        if not os.path.lexists(kept):
            _copy(place, kept)
            return kept.name
    raise ConfigurationError(f"{place}.original exists a thousand times", hint="delete some of them")


def _copy(place: Path, kept: Path) -> None:
    files.write(kept, place.read_bytes(), mode=stat.S_IMODE(place.stat().st_mode))
