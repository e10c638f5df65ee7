"""A folder that holds these files and nothing else; those that are the same are not written."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from buildkit.core import untrusted
from buildkit.doors import files
from buildkit.trees import folders


def hold(folder: Path, contents: Mapping[str, bytes]) -> None:
    """Make `folder` hold exactly `contents`; what is there already is left alone.

    All else in it is deleted: of a link the link itself and not what it leads to, and a file that is in a folder's way.
    So it must be a folder that only this makes, and no part of its path a link: that is for the caller to see.

    Args:
        folder: it is made where it is missing.
        contents: path → content.

    Raises:
        Odd: a path does not stay in the folder, or one is a file and a folder at once.
        OSError: the disk is full, or the folder cannot be written.
    """
    for path in contents:
        untrusted.path(path)
    untrusted.require_disjoint({*contents})
    _take_away_strangers(folder, contents)
    for path, content in contents.items():
        files.write_if_changed(folder / path, content)


def _take_away_strangers(folder: Path, contents: Mapping[str, bytes]) -> None:
    known = {folder / path for path in contents}
    above = {parent for file in known for parent in file.parents}
    for place, inner, names in os.walk(folder):
        for name in (*names, *(name for name in inner if Path(place, name).is_symlink())):
            file = Path(place, name)
            if file.is_symlink() or file in above or file not in known:
                files.remove(file)
        for name in [name for name in inner if Path(place, name) in known]:
            folders.remove_tree(Path(place, name))
            inner.remove(name)
