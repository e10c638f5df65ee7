"""Names of inputs that mean the same on every machine: `source app/fast.pxd`, `site numpy/__init__.pxd`.

Two clones in different folders and two virtual environments share their work because no key contains a path of theirs.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase

VERSIONED = ".cython-"
"""Cython looks for `name.cython-30.pxd` and its kin; such a look is recorded with a `*` in its name."""

OTHER_THAN = "!"
"""In such a name this stands before each file that was found: the look was for any other in vain."""

OWN = ("source ", "project ")
"""How the names of a project's own files begin."""

FOLDERS = ("include ", "libraries ")
"""Among the names of headers these stand before the name of a folder that compiler or linker searched."""


@dataclass(frozen=True, slots=True)
class Places:
    """Where inputs lie.

    Args:
        source: the source root.
        site: folders of installed packages.
        covered: folders whose content enters the keys as a whole (Cython itself, the standard library).
        project: the project's folder, where that is not the source root.
    """

    source: str
    site: tuple[str, ...]
    covered: tuple[str, ...]
    project: str = ""

    def name(self, path: str) -> str | None:
        """Return the portable name of an input, None where a part of the toolchain covers it."""
        roots = (self.source, *self.site, *self.covered, *filter(None, (self.project,)))
        best = max((root for root in roots if path.startswith(root + os.sep)), key=len, default=None)
        if best is None:
            return f"file {path}"
        if best == self.source:
            return f"source {path[len(best) + 1 :]}"
        if best in self.site:
            return f"site {path[len(best) + 1 :]}"
        return f"project {path[len(best) + 1 :]}" if best == self.project else None

    def path(self, name: str) -> str:
        """Return where the input of that name lies, or would lie."""
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
        return (relative,)


def _folder(name: str) -> str:
    """Return the name of the folder that a file of this name lies in."""
    return name.rpartition("/")[0] if "/" in name else f"{name.partition(' ')[0]} "


class Probes:
    """Answers whether the places that a translation looked at answer today as they did then.

    A probe is `+NAME` where something was there, `-NAME` where nothing was. Each folder is listed once.
    """

    def __init__(self, places: Places) -> None:
        self._places = places
        self._listings: dict[str, frozenset[str]] = {}
        self._answers: dict[str, bool] = {}
        self._words: dict[tuple[str, ...], tuple[frozenset[str], frozenset[str]]] = {}

    @property
    def looked(self) -> Iterable[str]:
        """The folders that were listed."""
        return self._listings.keys()

    def changed(self, probes: Iterable[str]) -> str | None:
        """Return the first probe that is answered differently today, None if all are as they were."""
        for probe in probes:
            there = self._answers.get(probe)
            if there is None:
                there = self._answers[probe] = any(map(self._exists, self._places.candidates(probe[1:])))
            if there != (probe[0] == "+"):
                return probe
        return None

    def beside(self, headers: tuple[str, ...], folder: str) -> list[str]:
        """Return what lies in the include path under a name that one of the headers has, or a folder on its way.

        A compiler says what it read, not where it looked before: something that turns up there would be read instead.

        Args:
            headers: names of the headers that were read, and of folders that were searched (see `FOLDERS`).
            folder: the module's, relative to the source root; it and the source root are searched first.
        """
        if headers not in self._words:
            read = [header for header in headers if not header.startswith(FOLDERS)]
            paths = (header.partition(" ")[2] for header in read)
            words = frozenset(word for path in paths for word in path.split(os.sep))  # noqa: PTH206 - names, not paths
            own = {_folder(header) for header in read if header.startswith(OWN)}
            told = {header.partition(" ")[2] for header in headers if header.startswith(FOLDERS[0])}
            self._words[headers] = words, frozenset(own | told)
        words, folders = self._words[headers]
        places = {place: self._places.path(place).rstrip(os.sep) for place in {"source ", f"source {folder}", *folders}}
        begin = {place: place if place in OWN else f"{place}/" for place in places}
        found = {f"{begin[place]}{word}" for place, path in places.items() for word in self._listing(path) & words}
        for place in (header.partition(" ")[2] for header in headers if header.startswith(FOLDERS[1])):
            found |= {f"{place}/{name}" for name in self._listing(self._places.path(place)) if name.startswith("lib")}
        return sorted(found)

    def _exists(self, path: str) -> bool:
        folder, _, name = path.rpartition(os.sep)
        listing = self._listing(folder)
        if "*" not in name:
            return name in listing
        pattern, *known = name.split(OTHER_THAN)
        return any(VERSIONED in found and fnmatchcase(found, pattern) and found not in known for found in listing)

    def _listing(self, folder: str) -> frozenset[str]:
        found = self._listings.get(folder)
        if found is None:
            try:
                found = frozenset(os.listdir(folder))  # noqa: PTH208 - names alone are wanted
            except OSError:
                found = frozenset()
            self._listings[folder] = found
        return found
