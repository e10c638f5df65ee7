"""A cache of input files' digests and imports, kept in the data's folder, so that a warm start reads few files."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from buildkit.core import untrusted
from buildkit.doors import files, reading
from buildkit.doors.statcache import Row, StatCache
from buildkit.model import Digest

_MOST = 256 << 20
_MOST_DOTS = 100

Import = tuple[int, str, tuple[str, ...]]
"""One import as it is written: leading dots, module, names."""


class Digests:
    """Digests of files by their stat, and the imports of sources by their digest.

    Args:
        file: where both are kept; a missing, damaged or read-only one only costs time.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        kept = _read(file)
        self._files = StatCache(kept["files"])
        self._known: dict[str, list[Any]] = kept["imports"]
        self._imports: dict[Digest, list[Import]] = {}
        self._changed = False
        self._noted: set[str] | None = None

    def of(self, path: str | Path) -> Digest:
        """Return the digest of the file's content, or `ABSENT`."""
        if self._noted is not None:
            self._noted.add(str(path))
        return self._files.digest(str(path))

    @contextlib.contextmanager
    def noting(self) -> Iterator[set[str]]:
        """Yield a set that collects every path whose digest is asked for in the block."""
        self._noted = noted = set[str]()
        try:
            yield noted
        finally:
            self._noted = None

    def changed(self, paths: Iterable[str]) -> str:
        """Return the first of the paths that was written or replaced since it was asked for, empty if none was.

        A file that was edited and put back has its old digest again, but a reader in between saw another content.
        """
        return self._files.rewritten(paths)

    def imports(self, digest: Digest) -> list[Import] | None:
        """Return the imports of the source with this digest, None if they are not in the cache."""
        if digest not in self._imports and digest in self._known:
            self._imports[digest] = [(level, module, tuple(names)) for level, module, names in self._known[digest]]
        return self._imports.get(digest)

    def keep_imports(self, digest: Digest, found: list[Import]) -> None:
        """Remember the imports of a source."""
        self._imports[digest] = found
        self._changed = True

    def save(self) -> None:
        """Write the cache if it has changed. If it cannot be written, the next start reads the files again."""
        if self._changed or self._files.changed:
            with contextlib.suppress(OSError):
                files.write(self._file, json.dumps({"files": self._files.trusted_rows(), "imports": self._imports}))


def beside(folder: Path) -> Digests:
    """Return the digest cache of the data's folder."""
    return Digests(folder / "inputs.json")


def _read(file: Path) -> dict[str, Any]:
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        kept = untrusted.table(untrusted.json_of(reading.read(file, most=_MOST), _MOST))
        known = untrusted.table(kept["imports"])
        rows = {path: _row(row) for path, row in untrusted.table(kept["files"]).items()}
        imports = {digest: [*map(_import, untrusted.rows(found))] for digest, found in known.items()}
        return {"files": rows, "imports": imports}
    return {"files": {}, "imports": {}}


def _row(value: object) -> Row:
    *stamps, digest = untrusted.rows(value)
    size, modified, changed, inode = (untrusted.number(each, -(1 << 63), 1 << 64) for each in stamps)
    return size, modified, changed, inode, untrusted.digest(digest)


def _import(value: object) -> list[Any]:
    level, module, names = untrusted.rows(value)
    return [untrusted.number(level, -1, _MOST_DOTS), untrusted.text(module), untrusted.texts(names)]
