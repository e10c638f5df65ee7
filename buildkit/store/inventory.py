"""Lists the files of the store without reading them."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from buildkit.model import Digest
from buildkit.store.artifacts import DEFLATED, OBJECT

_NAME = re.compile(rf"([0-9a-f]{{64}})(?:{re.escape(DEFLATED)}|{re.escape(OBJECT)})?")
_LOCK = re.compile("[0-9a-f]{3}")


@dataclass(frozen=True, slots=True)
class StoredFile:
    """One file of the store.

    Args:
        path: where it lies.
        name: the key of an action, the digest of a blob.
        size: its bytes.
        used: when an action was last used, to a day, and when anything else was written; in seconds since 1970.
    """

    path: Path
    name: Digest
    size: int
    used: float

    @property
    def deflated(self) -> bool:
        """Whether the content is kept deflated."""
        return self.path.suffix == DEFLATED

    @property
    def is_object(self) -> bool:
        """Whether it is an object file."""
        return self.path.suffix == OBJECT


@dataclass(frozen=True, slots=True)
class Inventory:
    """All files of the store that the suite made; others are not looked at.

    Args:
        actions: the files of actions.
        blobs: what the actions made.
        unfinished: files that are being written, or that a killed process left behind.
        locks: files that are held while an action runs.
    """

    actions: tuple[StoredFile, ...]
    blobs: tuple[StoredFile, ...]
    unfinished: tuple[StoredFile, ...]
    locks: tuple[Path, ...]

    @property
    def size(self) -> int:
        """The bytes of all entries."""
        return sum(entry.size for entry in (*self.actions, *self.blobs))


def read_inventory(folder: Path) -> Inventory:
    """Return what lies in the store's folder; an entry that vanishes meanwhile is left out."""
    found = {kind: [*_entries(folder / kind)] for kind in ("actions", "blobs")}
    unfinished = [entry for entries in found.values() for entry in entries if not entry.name]
    actions, blobs = ([entry for entry in entries if entry.name] for entries in found.values())
    return Inventory(tuple(actions), tuple(blobs), tuple(unfinished), tuple(_locks(folder / "locks")))


def _entries(folder: Path) -> Iterator[StoredFile]:
    """Give the entries of one kind; what is unfinished has no name."""
    for inner in _scan(folder):
        if len(inner.name) == 2 and inner.is_dir(follow_symlinks=False):  # noqa: PLR2004 - the first two letters
            for item in _scan(inner):
                whole = _NAME.fullmatch(item.name) if item.name.startswith(inner.name) else None
                if whole or (item.name.startswith(".") and item.name.endswith(".tmp")):
                    with contextlib.suppress(FileNotFoundError):
                        about = item.stat(follow_symlinks=False)
                        name = Digest(whole[1] if whole else "")
                        yield StoredFile(Path(item.path), name, about.st_size, about.st_mtime)


def _locks(folder: Path) -> Iterator[Path]:
    return (
        Path(item.path) for item in _scan(folder) if _LOCK.fullmatch(item.name) and item.is_file(follow_symlinks=False)
    )


def _scan(folder: Path | os.DirEntry[str]) -> Iterator[os.DirEntry[str]]:
    """Give what is in the folder; nothing where it is not there."""
    try:
        with os.scandir(folder) as items:
            yield from items
    except (FileNotFoundError, NotADirectoryError):
        return
