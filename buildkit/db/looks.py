"""Looks at what is written down of the copies, without their lock; nothing is changed."""

from __future__ import annotations

from pathlib import Path

from buildkit.db import choice, records
from buildkit.db.cluster import DATABASE
from buildkit.db.revision_texts import Chain


def present(home: Path, chain: Chain) -> str:
    """Return the name of the copy that fits the present revisions, else of the nearest; empty if there is neither.

    Nothing is locked and nothing is changed.
    """
    found = records.read(home)
    copy = choice.fitting(found, chain) or choice.nearest(found, chain)
    if copy is not None:
        return copy.name
    return "" if found.named(DATABASE) else DATABASE


class Watched:
    """One copy, watched for being made anew or removed by another command.

    Args:
        home: the server's folder.
        name: the copy's database.
    """

    def __init__(self, home: Path, name: str) -> None:
        self._home, self._name = home, name
        self._stamp = records.stamp(home)
        self._born = self._look()

    def is_another(self) -> bool:
        """Return whether it was made anew or removed; reads nothing while the records are as they were."""
        stamp = records.stamp(self._home)
        if stamp == self._stamp:
            return False
        self._stamp = stamp
        return self._look() != self._born

    def _look(self) -> str:
        found = records.read(self._home).named(self._name)
        return found.born if found is not None and found.follows else ""
