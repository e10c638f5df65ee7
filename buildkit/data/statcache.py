"""Digests by stat, so that a warm start reads no input twice.

A file whose stamps lie within two seconds of the moment it was hashed can change again without its stamps showing it
(git calls such entries racy: Documentation/technical/racy-git). These are not kept, and so are hashed next time.
"""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path

from buildkit.doors import clock, files
from buildkit.model import ABSENT, Digest

RACY = 2_000_000_000
"""Nanoseconds that must lie between a file's last change and its hashing for the stat to vouch for the content."""

Import = tuple[int, str, tuple[str, ...]]
"""One import as it is written: leading dots, module, names."""

_Stamp = tuple[int, int, int, int]


class StatCache:
    """Digests of files by (size, mtime, ctime, inode), and the imports of sources by their digest.

    Args:
        file: where it is kept; a missing, damaged or read-only one costs time and nothing else.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._known: dict[str, tuple[_Stamp, Digest]] = {}
        self._imports: dict[Digest, list[Import]] = {}
        self._fresh: dict[str, tuple[_Stamp, Digest]] = {}
        self._used_imports: dict[Digest, list[Import]] = {}
        self._dirty = False
        self.hashed = 0
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            kept = json.loads(file.read_bytes())
            self._known = {path: (tuple(stamp), Digest(digest)) for path, (stamp, digest) in kept["files"].items()}
            self._imports = {
                Digest(digest): [(level, module, tuple(names)) for level, module, names in found]
                for digest, found in kept["imports"].items()
            }

    def digest(self, path: str | Path) -> Digest:
        """Return the digest of the file's content, or `ABSENT`."""
        name = os.fspath(path)
        try:
            stamp = _stamp(os.stat(name))  # noqa: PTH116 - thousands of times per start
        except OSError:
            return ABSENT
        known = self._fresh.get(name) or self._known.get(name)
        if known is not None and known[0] == stamp:
            self._fresh[name] = known
            return known[1]
        digest = files.digest_file(name)
        self.hashed += 1
        if int(clock.now() * 1e9) - max(stamp[1], stamp[2]) > RACY:
            self._fresh[name] = (stamp, digest)
            self._dirty = True
        return digest

    def imports(self, digest: Digest) -> list[Import] | None:
        """Return the imports of the source with this digest, None if no one has read it yet."""
        found = self._imports.get(digest)
        if found is not None:
            self._used_imports[digest] = found
        return found

    def keep_imports(self, digest: Digest, found: list[Import]) -> None:
        """Remember the imports of a source."""
        self._imports[digest] = self._used_imports[digest] = found
        self._dirty = True

    def save(self) -> None:
        """Write what was used, if there is anything new. Where that cannot be, the next start hashes again."""
        if not self._dirty:
            return
        with contextlib.suppress(OSError):
            files.write(self._file, json.dumps({"files": self._fresh, "imports": self._used_imports}))
            self._dirty = False


def _stamp(status: os.stat_result) -> _Stamp:
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino
