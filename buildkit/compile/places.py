"""Portable names of inputs, which mean the same on every machine: `source app/fast.pxd`, `site numpy/__init__.pxd`.

Two clones in different folders and two virtual environments share their work because no key contains a path of theirs.
"""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase

VERSIONED = ".cython-"
"""Cython looks for `name.cython-30.pxd` and its kin; such a search is recorded as a probe with a `*` in its name."""

OTHER_THAN = "!"
"""In such a probe this precedes each file that was found: the search found no other."""

NOWHERE = f"{os.devnull}/siblings"
"""Stands for the folders beside the project where there are none: that something was looked for there is noted all the
same, and holds where there are some."""

OWN = ("source ", "project ")
"""How the names of a project's own files begin."""

FOLDERS = ("include ", "libraries ", "all ")
"""Among the names of headers these stand before the name of a folder that compiler or linker searched.

Of `all` every file counts, however deep, of the others what bears the name of something that was read.
"""

LACKING = "absent "
"""Prefix for a file that a compiler or linker would have read, had it existed."""

NOT_FILES = ("driver ", "variable ", "root ", "machine ")
"""Prefixes of inputs that are no files; see `buildkit.extensions.native.non_file_inputs`."""

_DEPTH = 6
_TICK = 0.02
_PRECOMPILED = ".gch"


@dataclass(frozen=True, slots=True)
class Places:
    """Where inputs lie.

    Args:
        source: the source root.
        site: folders of installed packages.
        toolchain_folders: folders whose content enters the keys as a whole (Cython itself, the standard library).
        project: the project's folder, where that is not the source root.
        siblings: folders beside the project that packages are imported from.
    """

    source: str
    site: tuple[str, ...]
    toolchain_folders: tuple[str, ...]
    project: str = ""
    siblings: tuple[str, ...] = (NOWHERE,)

    def name(self, path: str) -> str | None:
        """Return the portable name of a file, None if it belongs to a folder that the toolchain's digest covers."""
        roots = (self.source, *self.site, *self.siblings, *self.toolchain_folders, *filter(None, (self.project,)))
        best = max((root for root in roots if path.startswith(root + os.sep)), key=len, default=None)
        if best is None:
            return f"file {path}"
        if best == self.source:
            return f"source {path[len(best) + 1 :]}"
        if best in self.site:
            return f"site {path[len(best) + 1 :]}"
        if best in self.siblings:
            return f"sibling {path[len(best) + 1 :]}"
        return f"project {path[len(best) + 1 :]}" if best == self.project else None

    def path(self, name: str) -> str:
        """Return the path of the input with that portable name, whether or not it exists."""
        candidates = self.candidates(name)
        if len(candidates) == 1:
            return candidates[0]
        return next((path for path in candidates if os.path.lexists(path)), candidates[0])

    def candidates(self, name: str) -> tuple[str, ...]:
        """Return every place where the input of that name may lie."""
        kind, _, relative = name.partition(" ")
        if kind == "source":
            return (f"{self.source}{os.sep}{relative}",)
        if kind == "project":
            return (f"{self.project}{os.sep}{relative}",)
        if kind == "site":
            return tuple(f"{root}{os.sep}{relative}" for root in self.site)
        if kind == "sibling":
            return tuple(f"{root}{os.sep}{relative}" for root in self.siblings)
        return (relative,)


def _folder(name: str) -> str:
    """Return the name of the folder that a file of this name lies in."""
    return name.rpartition("/")[0] if "/" in name else f"{name.partition(' ')[0]} "


class Probes:
    """Checks whether the existence of recorded paths is still as a translation found it.

    A probe is `+NAME` where something was there, `-NAME` where nothing was. Each folder is listed once.

    Args:
        places: where inputs lie.
        earlier: an earlier instance whose folder listings are reused where nothing changed.
    """

    def __init__(self, places: Places, earlier: Probes | None = None) -> None:
        self._places = places
        self._earlier = earlier
        self._moment = time.time()
        self._listings: dict[str, frozenset[str]] = {}
        self._answers: dict[str, bool] = {}
        self._words: dict[tuple[str, ...], tuple[frozenset[str], frozenset[str]]] = earlier._words if earlier else {}  # noqa: SLF001
        self._folders: dict[str, tuple[int, int] | None] = {}
        self._walked: dict[tuple[str, frozenset[str]], frozenset[str]] = {}

    def again(self) -> Probes:
        """Return a new instance; it lists a folder again only if its entries may have changed."""
        return Probes(self._places, self)

    @property
    def looked(self) -> Iterable[str]:
        """The folders that were listed."""
        return self._listings.keys()

    def changed(self, probes: Iterable[str]) -> str | None:
        """Return the first probe that no longer holds, None if all of them do."""
        for probe in probes:
            there = self._answers.get(probe)
            if there is None:
                there = self._answers[probe] = any(map(self._exists, self._places.candidates(probe[1:])))
            if there != (probe[0] == "+"):
                return probe
        return None

    def shadowing(self, headers: tuple[str, ...], folder: str) -> list[str]:
        """Return the portable names of what lies in the include path and could shadow one of the headers.

        A compiler says what it read, not where it looked before: something that turns up there would be read instead.

        Args:
            headers: names of the headers that were read, and of folders that were searched (see `FOLDERS`).
            folder: the module's, relative to the source root; it and the source root are searched first.
        """
        if headers not in self._words:
            read = [header for header in headers if not header.startswith((*FOLDERS, LACKING, *NOT_FILES))]
            paths = (header.partition(" ")[2] for header in read)
            all_words = {word for path in paths for word in path.split(os.sep)}  # noqa: PTH206 - names, not paths
            all_words |= {f"{header.partition(' ')[2].rpartition('/')[2]}{_PRECOMPILED}" for header in read}
            own = {_folder(header) for header in read if header.startswith(OWN)}
            told = {header.partition(" ")[2] for header in headers if header.startswith(FOLDERS[0])}
            self._words[headers] = frozenset(all_words), frozenset(own | told)
        words, folders = self._words[headers]
        places = {place: self._places.path(place).rstrip(os.sep) for place in {"source ", f"source {folder}", *folders}}
        found: set[str] = set()
        for place, path in places.items():
            found |= self._walk(place if place in OWN else f"{place}/", path, words)
        for place in (header.partition(" ")[2] for header in headers if header.startswith(FOLDERS[1])):
            found |= {f"{place}/{name}" for name in self._listing(self._places.path(place)) if name.startswith("lib")}
        for place in (header.partition(" ")[2] for header in headers if header.startswith(FOLDERS[2])):
            found.update(self._all(f"{place}/", self._places.path(place), 0))
        return sorted(found)

    def _walk(self, name: str, path: str, words: frozenset[str]) -> frozenset[str]:
        """Return what `_below` finds; most modules have these folders and words in common."""
        key = path, words
        if key not in self._walked:
            self._walked[key] = frozenset(self._below(name, path, words, ()))
        return self._walked[key]

    def _below(self, name: str, path: str, words: frozenset[str], way: tuple[tuple[int, int], ...]) -> Iterator[str]:
        """Yield the names of what lies in a folder, or on a way of such words below it; links in a loop end it."""
        for word in self._listing(path) & words:
            yield f"{name}{word}"
            inner = f"{path}{os.sep}{word}"
            if len(way) < _DEPTH and (here := self._folder_at(inner)) is not None and here not in way:
                yield from self._below(f"{name}{word}/", inner, words, (*way, here))

    def _all(self, name: str, path: str, depth: int) -> Iterator[str]:
        for each in self._listing(path):
            yield f"{name}{each}"
            if depth < _DEPTH and self._folder_at(f"{path}{os.sep}{each}") is not None:
                yield from self._all(f"{name}{each}/", f"{path}{os.sep}{each}", depth + 1)

    def _folder_at(self, path: str) -> tuple[int, int] | None:
        """Return which folder lies there, None if none does."""
        if path not in self._folders:
            try:
                found = os.stat(path)  # noqa: PTH116
            except OSError:
                self._folders[path] = None
            else:
                self._folders[path] = (found.st_dev, found.st_ino) if stat.S_ISDIR(found.st_mode) else None
        return self._folders[path]

    def _exists(self, path: str) -> bool:
        folder, _, name = path.rpartition(os.sep)
        listing = self._listing(folder)
        if "*" not in name:
            return name in listing
        pattern, *known = name.split(OTHER_THAN)
        return any(VERSIONED in found and fnmatchcase(found, pattern) and found not in known for found in listing)

    def _listing(self, folder: str) -> frozenset[str]:
        found = self._listings.get(folder)
        if found is None and self._earlier is not None:
            found = self._earlier.unchanged_listing(folder)
        if found is None:
            try:
                found = frozenset(os.listdir(folder))  # noqa: PTH208 - names alone are wanted
            except OSError:
                found = frozenset()
        self._listings[folder] = found
        return found

    def unchanged_listing(self, folder: str) -> frozenset[str] | None:
        """Return the listing of a folder, None if it was not listed or its entries have changed since."""
        found = self._listings.get(folder)
        if found is not None:
            try:
                return found if os.stat(folder).st_ctime < self._moment - _TICK else None  # noqa: PTH116
            except OSError:
                return None
        return None
