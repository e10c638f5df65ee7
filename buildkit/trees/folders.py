"""Folders with all that is in them: made below a top, put on the disk, deleted; however deep they are."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Iterable
from pathlib import Path

from buildkit.doors import files


def make_deep_folder(path: Path) -> None:
    """Make a folder and those above it, however deep it is."""
    missing = []
    folder = str(path)
    while folder and not os.path.isdir(folder):  # noqa: PTH112 - as text, for the sake of deep ones
        missing.append(folder)
        folder = folder.rpartition("/")[0]
    for folder in reversed(missing):
        with contextlib.suppress(FileExistsError):
            os.mkdir(folder)  # noqa: PTH102


def make_parents_within(top: Path, path: str) -> Path:
    """Make the folders above `path` in the folder `top`; return the whole path.

    Raises:
        OSError: a component of the path exists and is no folder; a link might lead outside `top`.
    """
    folder = str(top)
    for part in path.split("/")[:-1]:
        folder = f"{folder}/{part}"
        try:
            mode = os.lstat(folder).st_mode
        except FileNotFoundError:
            make_deep_folder(Path(folder))
            mode = os.lstat(folder).st_mode
        if not stat.S_ISDIR(mode):
            raise OSError(errno.ELOOP if stat.S_ISLNK(mode) else errno.ENOTDIR, "no folder, and one has to be", folder)
    return top / path


def folders_behind_links(top: Path, paths: Iterable[str]) -> set[str]:
    """Return the parent folders of `paths` that are symbolic links or lie below one: they may be outside of `top`.

    Args:
        top: a folder.
        paths: relative to it.
    """
    found: set[str] = set()
    known = {""}
    for path in paths:
        above = []
        folder = path.rpartition("/")[0]
        while folder not in known:
            above.append(folder)
            folder = folder.rpartition("/")[0]
        for each in reversed(above):
            known.add(each)
            if each.rpartition("/")[0] in found or os.path.islink(f"{top}/{each}"):  # noqa: PTH114 - thousands
                found.add(each)
    return found


def sync_folders(path: Path) -> None:
    """Flush the entries of the folder and of all folders below to the disk; no file contents."""
    waiting = [str(path)]
    while waiting:
        folder = waiting.pop()
        files.sync_folder(Path(folder))
        with os.scandir(folder) as entries:
            waiting += [entry.path for entry in entries if entry.is_dir(follow_symlinks=False)]


def remove_tree(path: Path) -> None:
    """Delete a file, a link, or a folder with all that is in it; what cannot be deleted stays.

    Works at any depth: nested folders are moved up first, so that no path becomes too long. A folder that its owner may
    not write is made writable.
    """
    try:
        is_folder = stat.S_ISDIR(path.lstat().st_mode)
    except OSError:
        return
    if not is_folder:
        with contextlib.suppress(OSError):
            path.unlink()
        return
    waiting = [str(path)]
    emptied: list[str] = []
    while waiting:
        folder = waiting.pop()
        emptied.append(folder)
        with contextlib.suppress(OSError):
            waiting += _emptied(folder, str(path))
    for folder in reversed(emptied):
        with contextlib.suppress(OSError):
            os.rmdir(folder)  # noqa: PTH106


def _emptied(folder: str, top: str) -> list[str]:
    """Delete the files in a folder and return the folders that were in it, brought up to `top`."""
    found = []
    _let_in(folder)
    with os.scandir(folder) as entries:
        listed = list(entries)
    for entry in listed:
        with contextlib.suppress(OSError):
            if not entry.is_dir(follow_symlinks=False):
                os.unlink(entry.path)  # noqa: PTH108
                continue
            raised = entry.path
            if folder != top:
                _let_in(entry.path)
                raised = f"{top}/{os.urandom(8).hex()}~"
                os.rename(entry.path, raised)  # noqa: PTH104
            found.append(raised)
    return found


def _let_in(folder: str) -> None:
    if os.lstat(folder).st_mode & stat.S_IRWXU != stat.S_IRWXU:
        os.chmod(folder, stat.S_IRWXU)  # noqa: PTH101
