"""Writes what `invoke init` proposed; a file that was changed meanwhile is left as it is."""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from pathlib import Path

from buildkit.doors import files, originals, reading
from buildkit.errors import ConfigurationError
from buildkit.proposal.files import Change


def write(root: Path, changes: Sequence[Change]) -> None:
    """Write the files; each is the old or the new one at every moment, and the old one lies beside it.

    Raises:
        ConfigurationError: a file is another one than was looked at, or lies outside of the project.
    """
    places = [_place(root, each) for each in changes]
    for change, place in zip(changes, places, strict=True):
        if change.before:
            originals.keep_first(place)
    for change, place in zip(changes, places, strict=True):
        there = os.path.lexists(place)
        mode = stat.S_IMODE(place.stat().st_mode) if there else files.MODE
        after = change.after.replace("\n", "\r\n") if there and b"\r\n" in reading.read(place) else change.after
        files.write(place, after.encode("utf-8", "surrogateescape"), mode=mode)


def _place(root: Path, change: Change) -> Path:
    place = (root / change.file).resolve()
    if not place.is_relative_to(root):
        raise ConfigurationError(f"{change.file} is a link to {place}, outside of the project", hint="write it by hand")
    now = reading.read_text(place, errors="surrogateescape").removeprefix("\ufeff") if os.path.lexists(place) else ""
    if now != change.before:
        raise ConfigurationError(f"{change.file} has changed meanwhile, so nothing was written", hint="run it again")
    return place
