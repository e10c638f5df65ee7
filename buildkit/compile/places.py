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


@dataclass(frozen=True, slots=True)
class Places:
    """Where inputs lie.

    Args:
        source: the source root.
        site: folders of installed packages.
        covered: folders whose content enters the keys as a whole (Cython itself, the standard library).
    """

    source: str
    site: tuple[str, ...]
    covered: tuple[str, ...]

    def name(self, path: str) -> str | None:
        """Return the portable name of an input, None where a part of the toolchain covers it."""
        best = max(
            (root for root in (self.source, *self.site, *self.covered) if path.startswith(root + os.sep)),
            key=len,
            default=None,
        )
        if best is None:
            return f"file {path}"
        if best == self.source:
            return f"source {path[len(best) + 1 :]}"
        return f"site {path[len(best) + 1 :]}" if best in self.site else None

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
        if kind == "site":
            return tuple(f"{root}{os.sep}{relative}" for root in self.site)
        return (relative,)


class Probes:
    """Answers whether the places that a translation looked at answer today as they did then.

    A probe is `+NAME` where something was there, `-NAME` where nothing was. Each folder is listed once.
    """

    def __init__(self, places: Places) -> None:
        self._places = places
        self._listings: dict[str, frozenset[str]] = {}
        self._answers: dict[str, bool] = {}
        self._words: dict[tuple[str, ...], tuple[frozenset[str], frozenset[str]]] = {}

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
            headers: names of the headers that were read.
            folder: the module's, relative to the source root; it and the source root are searched first.
        """
        if headers not in self._words:
            relative = [header.partition(" ")[2] for header in headers]
            own = {os.path.dirname(header[7:]) for header in headers if header.startswith("source ")}  # noqa: PTH120
            words = frozenset(word for path in relative for word in path.split(os.sep))  # noqa: PTH206 - names, not paths
            self._words[headers] = words, frozenset(own)
        words, folders = self._words[headers]
        places = {place: f"{self._places.source}{os.sep}{place}".rstrip(os.sep) for place in {"", folder, *folders}}
        return sorted(f"{place}/{word}" for place, path in places.items() for word in self._listing(path) & words)

    def _exists(self, path: str) -> bool:
        folder, _, name = path.rpartition(os.sep)
        listing = self._listing(folder)
        if "*" not in name:
            return name in listing
        return any(VERSIONED in found and fnmatchcase(found, name) for found in listing)

    def _listing(self, folder: str) -> frozenset[str]:
        found = self._listings.get(folder)
        if found is None:
            try:
                found = frozenset(os.listdir(folder))  # noqa: PTH208 - names alone are wanted
            except OSError:
                found = frozenset()
            self._listings[folder] = found
        return found
