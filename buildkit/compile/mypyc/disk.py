"""mypy's view of the file system, with digests in the place of time stamps, and the manifest of its cache folder.

mypy takes a file of equal size and whole-second time stamp for the same. So it is told, in place of the time, a number
that stands for the content. Its cache is used only as the worker left it, by the digest of each file.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
from pathlib import Path
from typing import Any

from buildkit.compile.places import Places
from buildkit.doors import reading

_MANIFEST = "manifest.json"
_PARTS = ("mypy", "c")
"""The subfolders with mypy's cache and with the generated C that belongs to it."""


def disk(plain: Any, places: Places) -> Any:  # noqa: ANN401
    """Return mypy's view of the disk with time stamps that stand for the content."""

    class Disk(plain):  # type: ignore[misc]
        def __init__(self) -> None:
            self.stamped: dict[str, os.stat_result | None] = {}
            self.listings: dict[str, frozenset[str]] = {}
            super().__init__()

        def stat_or_none(self, path: str) -> os.stat_result | None:
            if path not in self.stamped:
                self.stamped[path] = self._stamped(path)
            return self.stamped[path]

        def listdir(self, path: str) -> list[str]:
            found: list[str] = super().listdir(path)
            self.listings[os.path.normpath(path)] = frozenset(found)
            return found

        def content(self, path: str) -> str:
            return hashlib.sha256(self.read(path)).hexdigest()

        def _stamped(self, path: str) -> os.stat_result | None:
            found: os.stat_result | None = super().stat_or_none(path)
            if found is None or not stat.S_ISREG(found.st_mode):
                return found
            number = 0
            if places.name(os.path.abspath(path)) is not None:  # noqa: PTH100 - pathlib would stat
                try:
                    number = int(hashlib.sha256(reading.read(path)).hexdigest()[:7], 16)
                except OSError:
                    return None
            return os.stat_result((*found[:7], number, number, number))

    return Disk()


def recall(folder: Path, basis: list[str]) -> dict[str, Any]:
    """Return what the last run saved; empty if its basis was another one, or a file in the folder has changed since."""
    try:
        manifest: dict[str, Any] = json.loads(reading.read(folder / _MANIFEST))
        return manifest if manifest["basis"] == basis and manifest["files"] == _digests(folder) else {}
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return {}


def forget(folder: Path) -> None:
    """Delete the manifest, before the folder is written to."""
    (folder / _MANIFEST).unlink(missing_ok=True)


def remember(folder: Path, basis: list[str], word: dict[str, Any]) -> None:
    """Write the manifest of a run: `word`, the basis, and the digest of each file in the folder."""
    (folder / _MANIFEST).write_text(json.dumps({**word, "basis": basis, "files": _digests(folder)}), "utf-8")


def _digests(folder: Path) -> dict[str, str]:
    files = (path for part in _PARTS for path in sorted((folder / part).rglob("*")) if path.is_file())
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
