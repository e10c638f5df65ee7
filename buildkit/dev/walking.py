"""Finds the folders below a place, through links too, and the other paths of what lies behind the links."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple


class Found(NamedTuple):
    """A folder.

    Args:
        folder: its path.
        files: the names of all in it that is no folder.
        links: those of them that are links.
        real: where it really lies if a link led to it; empty otherwise.
    """

    folder: str
    files: list[str]
    links: list[str]
    real: str


def walk(place: str, enters: Callable[[str, str], bool], *, follow: bool) -> Iterator[Found]:
    """Yield a folder and all below it, but virtual environments; a link that leads back to where it lies is not taken.

    Args:
        place: the folder; if there is none, nothing is found.
        enters: returns, by path and name, whether to look into a folder.
        follow: whether to look behind links.
    """
    todo: list[tuple[str, str, tuple[str, ...]]] = [(place, "", ())]
    while todo:
        folder, real, above = todo.pop()
        found, folders, linked = _list(Found(folder, [], [], real))
        if found is None or "pyvenv.cfg" in found.files:
            continue
        yield found
        todo += [
            (f"{folder}/{name}", real and f"{real}/{name}", above)
            for name in folders
            if enters(f"{folder}/{name}", name)
        ]
        for name in linked if follow else ():
            if enters(f"{folder}/{name}", name):
                target = os.path.realpath(f"{folder}/{name}")
                through = (*above, real or os.path.realpath(folder))
                if not any(f"{each}/".startswith(f"{target}/") for each in through):
                    todo.append((f"{folder}/{name}", target, through))


def _list(found: Found) -> tuple[Found | None, list[str], list[str]]:
    """Fill in the files; return also the names of the folders, and of the links to some."""
    folders: list[str] = []
    linked: list[str] = []
    try:
        with os.scandir(found.folder) as entries:
            for entry in entries:
                if entry.is_symlink():
                    if os.path.isdir(entry.path):  # noqa: PTH112 - `entry.is_dir` raises where a link leads to itself
                        linked.append(entry.name)
                    else:
                        found.files.append(entry.name)
                        found.links.append(entry.name)
                elif entry.is_dir():
                    folders.append(entry.name)
                else:
                    found.files.append(entry.name)
    except OSError:  # there is none, or it went
        return None, [], []
    return found, folders, linked


class Links:
    """By which other paths links lead to files: the operating system reports one path of a file, whichever it likes.

    Args:
        found: folders with a link among them; none, if there is no link.
    """

    def __init__(self, found: Iterable[Found] = ()) -> None:
        self._folders: dict[str, list[str]] = {}
        self._files: dict[str, list[str]] = {}
        for folder, _, links, real in found:
            self._folders.setdefault(real or os.path.realpath(folder), []).append(folder)
            for name in links:
                self._files.setdefault(os.path.realpath(f"{folder}/{name}"), []).append(f"{folder}/{name}")

    def folders(self) -> set[str]:
        """Return where the files lie that links lead to."""
        return {os.path.dirname(file) for file in self._files}  # noqa: PTH120

    def paths(self, path: str) -> list[str]:
        """Return all paths of the file at `path`, this one first."""
        if not self._folders:
            return [path]
        folder, _, name = path.rpartition("/")
        real = os.path.realpath(folder)
        others = [f"{each}/{name}" for each in self._folders.get(real, ())]
        return list(dict.fromkeys([path, *others, *self._files.get(f"{real}/{name}", ())]))

    def knows(self, link: str) -> bool:
        """Return whether this link to a file is known, and where it leads."""
        return link in self._files.get(os.path.realpath(link), ())
