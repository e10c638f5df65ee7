"""Finds the files that a glob among a stage's inputs matches.

A file counts by its content, and by whether its owner may execute it; a folder by what lies in it, an empty one by its
name. `__pycache__` is left out. A link counts as what it leads to, also outside of the project; one that leads back to
a folder above it counts as a link and is not followed, one that leads nowhere is refused. What is no file, folder or
link, and names that Python would read in another way elsewhere, are refused as in every tree (`buildkit.trees`). A
refusal names the path. A file that disappears during the walk counts as absent.
"""

from __future__ import annotations

import fnmatch
import glob
import itertools
import os
import re
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from buildkit.trees.entry import (
    FOLDER,
    LINK,
    MAY_READ,
    Found,
    Refused,
    astray,
    file_kind,
    link_text,
    require_portable_name,
    special,
)
from buildkit.trees.listing import GONE, entries

_CACHE = "__pycache__"

Identity = tuple[int, int]
"""Device and inode of a folder."""


@dataclass(frozen=True, slots=True)
class DataFolder:
    """The data's folder. Inputs may lie in it, beside what the suite keeps there.

    Args:
        place: its path without links.
        identity: device and inode.
        owns: whether the suite keeps something of this name in it.
    """

    place: str
    identity: Identity
    owns: Callable[[str], bool]

    def has_made(self, place: str) -> bool:
        """Return whether a path leads to something that the suite keeps there."""
        inside = os.path.relpath(os.path.realpath(place), self.place)
        return self.owns(inside.partition("/")[0])


def data_folder_of(folder: Path, owns: Callable[[str], bool]) -> DataFolder:
    """Return the `DataFolder` for the data's folder."""
    return DataFolder(os.path.realpath(folder), _identity(folder), owns)


def inputs(pattern: str, root: Path, data_folder: DataFolder | None = None) -> Iterator[Found]:
    """Yield everything that `pattern` matches under `root`; a folder stands for all that lies under it.

    Args:
        pattern: a glob in the syntax of Python's `glob`, with `**`; relative to `root`, or absolute.
        root: the folder that the pattern is relative to.
        data_folder: the data's folder, if what lies there may match.

    Raises:
        Refused: a match cannot be an input.
    """
    yield from _Inputs(root, data_folder).all_of(pattern)


def matching_folders(pattern: str, root: Path, data_folder: DataFolder | None = None) -> list[str]:
    """Return the folders that `pattern` matches under `root`, sorted; see `inputs`.

    Raises:
        Refused: something that it means cannot be an input.
    """
    return _Inputs(root, data_folder).folders_of(pattern)


@dataclass(frozen=True, slots=True, eq=False)
class _Folder:
    """A folder and the chain of folders through which the walk reached it."""

    identity: Identity
    above: _Folder | None

    def lies_in(self, identity: Identity) -> bool:
        """Return whether it is the folder of this identity, or somewhere below that one."""
        place: _Folder | None = self
        while place is not None and place.identity != identity:
            place = place.above
        return place is not None


class _Inputs:
    """One walk over inputs."""

    def __init__(self, root: Path, data_folder: DataFolder | None) -> None:
        self._root = root
        self._data_folder = data_folder
        self._walked: set[str] = set()
        top: _Folder | None = None
        for each in (*reversed(root.resolve().parents), root):
            top = _Folder(_identity(each), top)
        self._seen: dict[str, _Folder] = {"/": _Folder(_identity(Path("/")), None)}
        if top is not None:
            self._seen |= {"": top, ".": top}

    def folders_of(self, pattern: str) -> list[str]:
        return sorted({path for path in self._meant(pattern) if os.path.isdir(self._at(path))})  # noqa: PTH112

    def _meant(self, pattern: str) -> Iterator[str]:
        parts = [part for part in pattern.split("/") if part not in {"", "."}]
        start = "/" if pattern.startswith("/") else ""
        fixed = start + "/".join(itertools.takewhile(lambda part: not glob.has_magic(part), parts))
        self._refuse_own(fixed)
        yield from self._matches(start, parts)

    def all_of(self, pattern: str) -> Iterator[Found]:
        for path in self._meant(pattern):
            if path not in self._walked:
                self._walked.add(path)
                yield from self._under(path)

    def _matches(self, start: str, parts: list[str]) -> Iterator[str]:
        """Yield the paths that match, folders too. `glob` itself never comes back from two links in a circle."""
        waiting = [(start, 0)]
        while waiting:
            path, at = waiting.pop()
            if at == len(parts):
                yield path or "."
            elif not glob.has_magic(parts[at]):
                step = _joined(path, parts[at])
                if os.path.lexists(self._at(step)):
                    self._refuse_own(step, links_only=True)
                    waiting.append((step, at + 1))
            elif parts[at] != "**":
                waiting += [(step, at + 1) for step in self._fitting(path, parts[at])]
            elif at + 1 < len(parts):
                waiting += [(path, at + 1), *((step, at) for step in self._folders(path))]
            else:
                waiting += [(path, at + 1)] if path else [(step, at + 1) for step in self._fitting(path, "*")]

    def _fitting(self, path: str, part: str) -> Iterator[str]:
        """Yield the entries of a folder that match one part of a pattern."""
        fits = re.compile(fnmatch.translate(part)).match
        is_folder = os.path.isdir(self._at(path))  # noqa: PTH112
        for entry in self._entries(path, self._folder(path)) if is_folder else ():
            if fits(entry.name) and (part.startswith(".") or not entry.name.startswith(".")):
                step = _joined(path, entry.name)
                self._refuse_own(step, links_only=True)
                yield step

    def _folders(self, path: str) -> Iterator[str]:
        """Yield the folders in a folder that `**` goes into."""
        folder = self._folder(path)
        for entry in self._entries(path, folder):
            step = _joined(path, entry.name)
            if entry.name.startswith(".") or not _is_folder(entry):
                continue
            if not entry.is_symlink():
                yield step
            elif not folder.lies_in(_identity(self._at(step))):
                self._refuse_own(step)
                yield step

    def _under(self, path: str) -> Iterator[Found]:
        """Yield what counts at `path` and below it."""
        found = self._counted(path)
        if found is not None:
            yield from found
            return
        waiting = [path]
        while waiting:
            folder = waiting.pop()
            inside = self._entries(folder, self._folder(folder))
            if not inside:
                yield Found(folder, FOLDER)
            for entry in inside:
                step = _joined(folder, entry.name)
                found = self._counted(step)
                if found is not None:
                    yield from found
                elif step not in self._walked:
                    self._walked.add(step)
                    waiting.append(step)

    def _counted(self, path: str) -> tuple[Found, ...] | None:
        """Return the input at `path` in a tuple, an empty tuple if it has gone, None for a folder to walk into."""
        require_portable_name(path)
        place = self._at(path)
        try:
            status = os.lstat(place)
            text = os.readlink(place) if stat.S_ISLNK(status.st_mode) else None  # noqa: PTH115 - as it is
            status = os.stat(place) if text is not None else status  # noqa: PTH116
        except OSError as error:
            return self._unseen(path, place, error)
        if text is not None:
            self._refuse_own(path)
        if stat.S_ISREG(status.st_mode):
            return (Found(path, file_kind(status.st_mode)),)
        if not stat.S_ISDIR(status.st_mode):
            raise special(path, status.st_mode)
        if text is not None and self._folder(_above(path)).lies_in((status.st_dev, status.st_ino)):
            return (Found(path, f"{LINK}{text}"),)
        return None

    def _unseen(self, path: str, place: str, error: OSError) -> tuple[Found, ...]:
        text = link_text(place)
        if text is None:
            if error.errno in GONE:
                return ()
            raise Refused(path, f"cannot be read: {error.strerror}", MAY_READ) from None
        raise astray(path, text, error)

    def _entries(self, path: str, folder: _Folder) -> list[os.DirEntry[str]]:
        """Return what lies in a folder and may count."""
        found = [entry for entry in entries(path, self._root) if entry.name != _CACHE]
        if self._data_folder is None or folder.identity != self._data_folder.identity:
            return found
        return [entry for entry in found if not self._data_folder.owns(entry.name)]

    def _at(self, path: str) -> str:
        return os.path.join(self._root, path)  # noqa: PTH118 - thousands of them, some of them deep

    def _folder(self, path: str) -> _Folder:
        """Return a folder with those above it; the identity of each is read once."""
        new = []
        while path not in self._seen:
            new.append(path)
            path = _above(path)
        found = self._seen[path]
        for step in reversed(new):
            found = self._seen[step] = _Folder(_identity(self._at(step)), found)
        return found

    def _refuse_own(self, path: str, *, links_only: bool = False) -> None:
        """Refuse a path that leads to something that the suite keeps in the data's folder."""
        place = self._at(path)
        if self._data_folder is None or (links_only and link_text(place) is None):
            return
        if self._data_folder.has_made(place):
            raise Refused(
                path,
                "is among what the suite makes",
                'an input of what a stage makes is written as "stage:NAME"',
            )


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link in a circle: no folder to go into, and no match of `**` either
        return False


def _identity(place: str | Path) -> Identity:
    try:
        status = os.stat(place)  # noqa: PTH116
    except OSError:
        return (-1, -1)
    return (status.st_dev, status.st_ino)


def _joined(path: str, name: str) -> str:
    return name if path in {"", "."} else f"{path.rstrip('/')}/{name}"


def _above(path: str) -> str:
    """Return the folder above a path; that of one part is "", that of an absolute one in the end "/"."""
    head, _, _ = path.rpartition("/")
    return head or ("/" if path.startswith("/") else "")
