"""What lies in a tree that is to be kept: each file, empty folder and link below a path, or why it cannot be kept."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Collection, Iterator
from pathlib import Path

from buildkit.trees.entry import (
    FOLDER,
    LINK,
    MAY_READ,
    Found,
    Refused,
    astray,
    file_kind,
    link_within,
    require_portable_name,
    special,
)

GONE = frozenset({errno.ENOENT, errno.ENOTDIR})
"""There is nothing at a path, or no more."""


def kept(path: str, tree: Path) -> Iterator[Found]:
    """Yield everything that lies at `path` and below it; nothing where it is not there.

    Folders are made such that their owner may list and change them: what lies there is shared, and deleted one day.

    Args:
        path: relative to the tree.
        tree: its folder.

    Raises:
        Refused: something of it cannot be kept.
    """
    top = os.path.normpath(path)
    place = tree / top
    try:
        mode = place.lstat().st_mode
    except OSError as error:
        if error.errno in GONE:
            return
        raise
    if not stat.S_ISDIR(mode):
        yield Found(top, _kind(top, mode, top, tree))
        return
    waiting = [top]
    while waiting:
        folder = waiting.pop()
        _open(f"{tree}/{folder}")
        found = entries(folder, tree)
        if not found and folder != top:
            yield Found(folder, FOLDER)
        for entry in found:
            below = f"{folder}/{entry.name}"
            if entry.is_dir(follow_symlinks=False):
                waiting.append(below)
            else:
                yield Found(below, _kind(below, entry.stat(follow_symlinks=False).st_mode, top, tree))


def _kind(path: str, mode: int, top: str, tree: Path) -> str:
    """Return the kind of a file or link."""
    require_portable_name(path)
    if stat.S_ISREG(mode):
        return file_kind(mode)
    if not stat.S_ISLNK(mode):
        raise special(path, mode)
    text = os.readlink(tree / path)  # noqa: PTH115 - the text as it is
    if not link_within(path, text, top):
        raise Refused(
            path,
            f"is a link to {text}, outside of this output",
            "write the content itself; a link in an output may be relative and lead to something in the same output",
        )
    try:
        os.stat(tree / path)  # noqa: PTH116
    except OSError as error:
        raise astray(path, text, error) from None
    return f"{LINK}{text}"


def _open(folder: str) -> None:
    """Let its owner list the folder and write in it: what lies there is shared with later trees, and deleted."""
    mode = os.lstat(folder).st_mode
    if mode & stat.S_IRWXU != stat.S_IRWXU:
        os.chmod(folder, stat.S_IMODE(mode) | stat.S_IRWXU)  # noqa: PTH101


def entries(path: str, root: str | Path) -> list[os.DirEntry[str]]:
    """Return what lies in a folder by its name; nothing where it is gone."""
    try:
        with os.scandir(os.path.join(root, path)) as entries:  # noqa: PTH118
            return sorted(entries, key=lambda entry: entry.name)
    except OSError as error:
        if error.errno in GONE:
            return []
        raise Refused(path or ".", f"cannot be read: {error.strerror}", MAY_READ) from None


def unknown(top: Path, known: Collection[str]) -> Iterator[str]:
    """Yield everything under `top` that is neither in `known` nor above it, as a relative path."""
    holding = {*known, *(parent for path in known for parent in _above(path))}
    waiting = [""]
    while waiting:
        folder = waiting.pop()
        with os.scandir(top / folder) as entries:
            for entry in entries:
                path = f"{folder}/{entry.name}" if folder else entry.name
                if path not in holding:
                    yield path
                elif entry.is_dir(follow_symlinks=False):
                    waiting.append(path)


def _above(path: str) -> Iterator[str]:
    while "/" in path:
        path = path.rpartition("/")[0]
        yield path
