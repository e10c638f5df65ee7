"""Whether a tree is as it was recorded: by size and time, or by every byte."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from buildkit.doors import files
from buildkit.model import ABSENT, Digest
from buildkit.trees import folders
from buildkit.trees.entry import EMPTY, EXECUTABLE, FOLDER, LINK, File, file_kind, link_text, state

_HASHERS = 4


class Cache(Protocol):
    """Keeps digests of files."""

    def of(self, path: str | Path, /) -> Digest:
        """Return the digest of the file's content."""


def on_disk(recorded: Mapping[str, File], tree: Path, cache: Cache | None) -> dict[str, Digest]:
    """Return the state of everything that was recorded as it lies there now.

    A file with the recorded size and time is taken as it was recorded. One with another time (a volume that was
    restored from a backup) is hashed where there is a `cache` to keep the result in, and else counts as another file.
    """
    found: dict[str, Digest] = {}
    beyond = folders.folders_behind_links(tree, recorded)
    for path, file in recorded.items():
        place = f"{tree}/{path}"
        if beyond and path.rpartition("/")[0] in beyond:
            found[path] = Digest("beyond a link")
            continue
        try:
            status = os.lstat(place)
        except OSError:
            found[path] = ABSENT
            continue
        if not file.is_file or not stat.S_ISREG(status.st_mode):
            found[path] = _state_at(place, status.st_mode)
        elif status.st_size != file.size:
            found[path] = Digest(f"{status.st_size} bytes")
        elif status.st_mtime_ns == file.modified:
            found[path] = state(_kind_at(file, status.st_mode), file.digest)
        else:
            found[path] = state(_kind_at(file, status.st_mode), cache.of(place) if cache else Digest("another time"))
    return found


def is_there(recorded: Mapping[str, File], tree: Path) -> bool:
    """Return whether every recorded file is there with its size; content and time are another question."""
    beyond = folders.folders_behind_links(tree, recorded)
    for path, file in recorded.items():
        if beyond and path.rpartition("/")[0] in beyond:
            return False
        try:
            status = os.lstat(f"{tree}/{path}")
        except OSError:
            if file.is_file:
                return False
            continue  # what a copy lost without touching content comes back
        if file.is_file and (not stat.S_ISREG(status.st_mode) or status.st_size != file.size):
            return False
    return True


def hashed(recorded: Mapping[str, File], tree: Path) -> dict[str, Digest]:
    """Return the state of everything that was recorded, each file read to its end."""
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415

    beyond = folders.folders_behind_links(tree, recorded)

    def read(path: str) -> Digest:
        if beyond and path.rpartition("/")[0] in beyond:
            return Digest("beyond a link")
        place, file = tree / path, recorded[path]
        try:
            mode = place.lstat().st_mode
        except OSError:
            return ABSENT
        if not file.is_file or not stat.S_ISREG(mode):
            return _state_at(str(place), mode)
        return state(_kind_at(file, mode), files.digest_file(place))

    with ThreadPoolExecutor(_HASHERS) as pool:
        return dict(zip(recorded, pool.map(read, recorded), strict=True))


def _kind_at(file: File, mode: int) -> str:
    """Return the kind of a file as it lies there. Some volumes let everybody execute everything: that is no change."""
    return file_kind(mode) if file.kind == EXECUTABLE else file.kind


def _state_at(place: str, mode: int) -> Digest:
    """Return the state of what is there, where a folder or link was recorded or no file is."""
    if stat.S_ISLNK(mode):
        return state(f"{LINK}{link_text(place)}", EMPTY)
    return state(FOLDER, EMPTY) if stat.S_ISDIR(mode) else Digest("something else")
