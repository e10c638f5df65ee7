"""mypy's view of the file system: the time stamp of a file is a number that depends on its content alone.

mypy takes a file of equal size and whole-second time stamp for the same.
"""

from __future__ import annotations

import hashlib
import os
import stat
from typing import Any

from buildkit.compile.places import Places
from buildkit.doors import reading


def with_content_stamps(plain: Any, places: Places) -> Any:  # noqa: ANN401
    """Return mypy's file system cache (`plain` is its class) with time stamps that follow from the content."""

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
