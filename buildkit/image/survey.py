"""A look at a whole project folder: what enters the build context, what is kept out, and by which rule."""

from __future__ import annotations

import os
import posixpath
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from buildkit.image.context import Context, Entry, scan
from buildkit.image.ignore.rules import Ignore, Rule, Verdict

_MOST_PLACES = 3
"""Places of one rule that are shown on their own."""

_NEARLY_ALL = 0.9
"""The part of a folder's bytes with which a folder inside it is shown in its place."""


class Dropped(NamedTuple):
    """A file or folder that is kept out, though the folder it is in is not.

    Args:
        path: relative to the context.
        files: the number of files in it that are kept out; 1 for a file.
        size: their bytes.
        rule: the rule that keeps it out.
    """

    path: str
    files: int
    size: int
    rule: Rule | None


class Survey(NamedTuple):
    """What was seen of a project folder.

    Args:
        context: what enters.
        dropped: what is kept out, the largest first.
    """

    context: Context
    dropped: tuple[Dropped, ...]


class Row(NamedTuple):
    """One line of the table of folders.

    Args:
        path: relative to the context; the folder above them all for several places.
        kept: whether it enters.
        files: files in it.
        size: their bytes.
        places: in how many places.
        rule: the rule that decides; None where none matches.
    """

    path: str
    kept: bool
    files: int
    size: int
    places: int
    rule: Rule | None


def survey(root: Path, ignore: Ignore) -> Survey:
    """Return what a build in `root` is sent and what is kept out, with the bytes of both.

    What no rule could bring back is only summed up.
    """
    tally = _Tally()
    context = scan(root, ignore, hear=tally.hear)
    why = _Rules(ignore)
    found = (Dropped(path, files, size, why.of(path)) for path, (files, size) in tally.found.items())
    return Survey(context, tuple(sorted(found, key=lambda each: (-each.size, each.path))))


def rows(seen: Survey, ignore: Ignore) -> list[Row]:
    """Return the table of folders, the heaviest first."""
    return sorted((*_kept(seen.context, ignore), *_dropped(seen.dropped)), key=lambda row: (-row.size, row.path))


def files_of(entries: tuple[Entry, ...]) -> int:
    """Return how many of the entries are no folders."""
    return sum(not stat.S_ISDIR(entry.mode) for entry in entries)


class _Tally:
    """Sums up what is kept out, by the topmost path that is."""

    def __init__(self) -> None:
        self.found: dict[str, tuple[int, int]] = {}
        self._tops: dict[str, str] = {}

    def hear(self, path: str, item: os.DirEntry[str], goes_on: bool) -> None:
        top = self._tops.get(path.rpartition("/")[0], path)
        files, size = self.found.get(top, (0, 0))
        if goes_on:
            self._tops[path] = top
        elif item.is_dir(follow_symlinks=False):
            inside = _sum(item.path)
            files, size = files + inside[0], size + inside[1]
        else:
            with suppress(OSError):
                files, size = files + 1, size + item.stat(follow_symlinks=False).st_size
        self.found[top] = (files, size)


def _sum(folder: str) -> tuple[int, int]:
    """Return the number of files in a folder, and their bytes; without what cannot be read."""
    files = size = 0
    waiting = [folder]
    while waiting:
        with suppress(OSError), os.scandir(waiting.pop()) as found:
            for item in found:
                if item.is_dir(follow_symlinks=False):
                    waiting.append(item.path)
                else:
                    files += 1
                    with suppress(OSError):
                        size += item.stat(follow_symlinks=False).st_size
    return files, size


class _Rules:
    """Finds the rule that keeps a path out; for files alike in one folder the rule of the first, if it fits them."""

    def __init__(self, ignore: Ignore) -> None:
        self._ignore = ignore
        self._folders: dict[str, Verdict | None] = {"": None}
        self._guesses: dict[tuple[str, str], Rule] = {}

    def of(self, path: str) -> Rule | None:
        folder, _, name = path.rpartition("/")
        key = (folder, posixpath.splitext(name)[1])
        guess = self._guesses.get(key)
        if guess is not None and guess.pattern.fits(path):
            return guess
        rule = self._ignore.judge(path, self._folder(folder)).rule
        if rule is not None:
            self._guesses[key] = rule
        return rule

    def _folder(self, path: str) -> Verdict | None:
        waiting = []
        while path not in self._folders:
            waiting.append(path)
            path = path.rpartition("/")[0]
        for each in reversed(waiting):
            self._folders[each] = self._ignore.judge(each, self._folders[each.rpartition("/")[0]])
        return self._folders[waiting[0] if waiting else path]


def _kept(context: Context, ignore: Ignore) -> Iterator[Row]:
    files: dict[str, int] = {}
    sizes: dict[str, int] = {}
    inside: dict[str, list[str]] = {}
    for entry in context.entries:
        above = entry.path.rpartition("/")[0]
        if stat.S_ISDIR(entry.mode):
            inside.setdefault(above, []).append(entry.path)
            continue
        if not above:
            files["."], sizes["."] = files.get(".", 0) + 1, sizes.get(".", 0) + entry.size
        while above:
            files[above], sizes[above] = files.get(above, 0) + 1, sizes.get(above, 0) + entry.size
            above = above.rpartition("/")[0]
    for top in (".", *inside.get("", ())):
        folder = top
        while larger := [each for each in inside.get(folder, ()) if sizes.get(each, 0) > _NEARLY_ALL * sizes[folder]]:
            folder = larger[0]
        if files.get(folder):
            rule = None if folder == "." else ignore.explain(folder).rule
            yield Row(folder, True, files[folder], sizes[folder], 1, rule)


def _dropped(found: tuple[Dropped, ...]) -> Iterator[Row]:
    by_rule: dict[int, list[Dropped]] = {}
    for each in found:
        by_rule.setdefault(each.rule.line if each.rule else 0, []).append(each)
    for group in by_rule.values():
        shown = _MOST_PLACES if len(group) > _MOST_PLACES + 1 else len(group)
        for path, files, size, rule in group[:shown]:
            yield Row(path, False, files, size, 1, rule)
        if rest := group[shown:]:
            above = posixpath.commonpath([each.path for each in rest]) or "."
            files, size = sum(each.files for each in rest), sum(each.size for each in rest)
            yield Row(above, False, files, size, len(rest), rest[0].rule)
