"""A stat cache: the digest of a file that did not change since it was last read.

A row is trusted while device-independent identity, size and both time stamps are the same. A file that changed within
two seconds of being hashed may change again without a new time stamp (coarse clocks), so its row is not kept: the next
run reads it again. The same holds for stamps from the future, as a clock that was set back leaves them.
"""

from __future__ import annotations

import errno
import os
import stat
import time
from collections.abc import Iterable, Mapping

from buildkit.doors import reading
from buildkit.doors.files import digest_file, digest_names
from buildkit.model import ABSENT, Digest

RACY_NANOSECONDS = 2_000_000_000
_TICK = 0.02

_CLOSED = Digest("0" * 63 + "1")
"""The digest of a folder whose names may not be read."""

NO_STAMPS = -1
"""The size in a row whose stamps say nothing: the file is looked at again."""

Row = tuple[int, int, int, int, str]
"""Size in bytes, mtime and ctime in nanoseconds, inode, digest."""


class StatCache:
    """Digests of files by path; each file is hashed at most once by an instance.

    Args:
        rows: what an earlier run kept, by path.
    """

    def __init__(self, rows: Mapping[str, Row]) -> None:
        self._kept = rows
        self._rows: dict[str, Row] = {}
        self._digests: dict[str, Digest] = {}
        self._former: dict[str, Digest] = {}  # of what was forgotten, until it is read again
        self._seen: dict[str, tuple[int, int, int]] = {}
        self.changed = False

    def digest(self, path: str) -> Digest:
        """Return the digest of the file at `path`, `ABSENT` where there is no regular file."""
        known = self._digests.get(path)
        if known is None:
            known = self._digests[path] = self._look(path)
        return known

    def ensure_row(self, path: str) -> None:
        """Make sure that the next run finds a row of the file; one that changed too recently for that is not hashed."""
        try:
            found = os.stat(path)  # noqa: PTH116
        except OSError:
            return
        if _settled(found, time.time_ns()):
            self.digest(path)

    def forget(self, path: str) -> None:
        """Drop the digest of `path`, which was just written."""
        known = self._digests.get(path)
        if known is not None:
            self._former[path] = known  # before it goes: another thread may ask what has changed
            self._digests.pop(path, None)

    def unchanged_since(self, path: str, moment: float) -> bool:
        """Look at `path` again; return whether its file is there and as old as `moment`, in seconds since 1970.

        Stamps are a tick of the clock coarse, so a change just before counts as one after.
        """
        self.forget(path)
        try:
            return os.stat(path).st_ctime < moment - _TICK  # noqa: PTH116
        except OSError:
            return False

    def content_changed(self, paths: Iterable[str]) -> str:
        """Return the first path whose content has changed since `digest` read it; empty if there is none."""
        for path in [*paths]:  # another thread may ask for more
            row = self._rows.get(path)
            try:
                now = os.stat(path)  # noqa: PTH116
            except OSError:
                now = None
            if row is not None and now is not None and row[:4] == _stamps(now):
                continue
            known = self._digests.get(path) or self._former.get(path)
            if known is not None and digest_file(path) != known:
                return path
        return ""

    def rewritten(self, paths: Iterable[str]) -> str:
        """Return the first of the paths that was written or replaced since `digest` saw it, empty if none was.

        Equal content does not make it unchanged. Nor does a time of change (ctime) alone: a second name for a file
        changes it, and who reads a file may give it one.
        """
        for path in paths:
            try:
                found = os.stat(path)  # noqa: PTH116
            except OSError:
                return path
            if path in self._seen and self._seen[path] != _text_of(found):
                return path
        return ""

    def trusted_rows(self) -> dict[str, Row]:
        """Return what to keep for the next run: the rows of all files that were asked for in this one."""
        return self._rows

    def all_rows(self) -> dict[str, Row]:
        """Return a row for every path that was asked for; one without stamps where they cannot be trusted."""
        rows = self._rows
        return {path: rows.get(path) or (NO_STAMPS, 0, 0, 0, digest) for path, digest in self._digests.items()}

    def _look(self, path: str) -> Digest:
        try:
            found = os.stat(path)  # noqa: PTH116 - the no-change path asks for thousands
        except OSError as error:
            if error.errno in reading.NOWHERE:
                return ABSENT
            raise
        except ValueError:  # a name that this locale cannot write: nothing is found under it
            return ABSENT
        self._seen[path] = _text_of(found)
        kept = self._rows.get(path) or self._kept.get(path)
        if (
            kept is not None
            and kept[0] == found.st_size
            and kept[1] == found.st_mtime_ns
            and kept[2] == found.st_ctime_ns
            and kept[3] == found.st_ino
        ):
            self._rows[path] = kept
            return Digest(kept[4])
        if not stat.S_ISREG(found.st_mode):
            return ABSENT
        if found.st_size > reading.KEPT:  # nothing that is compiled has it, and to read it takes minutes
            raise OSError(errno.EFBIG, os.strerror(errno.EFBIG), path)
        self.changed = True
        moment = time.time_ns()  # before it is read: a change from then on must show in the stamps
        row = _row(found, digest_file(path), moment)
        if row[0] != NO_STAMPS and row[4] != ABSENT:
            self._rows[path] = row
        return Digest(row[4])


def row_of(path: str, *, folder: bool) -> Row:
    """Return the present row of a file or folder without using a cache; a folder's digest is over the names in it."""
    moment = time.time_ns()
    try:
        found = os.stat(path)  # noqa: PTH116
    except (OSError, ValueError):
        return (NO_STAMPS, 0, 0, 0, ABSENT)
    if folder:
        try:
            return _row(found, digest_names(path), moment)
        except OSError:  # what came or went in it cannot be told: it is not as it was
            return (NO_STAMPS, 0, 0, 0, ABSENT)
    if not stat.S_ISREG(found.st_mode) or found.st_size > reading.KEPT:
        return (NO_STAMPS, 0, 0, 0, ABSENT)
    return _row(found, digest_file(path), moment)


def unchanged_folder(path: str, moment: float) -> Row | None:
    """Return the row of a folder; None if anything in it came or went since `moment`, in seconds since 1970.

    A folder that may not be listed is compared by its stamps only, which change with its entries.
    """
    try:
        found = os.stat(path)  # noqa: PTH116
    except (OSError, ValueError):
        return (NO_STAMPS, 0, 0, 0, ABSENT)
    if max(found.st_mtime, found.st_ctime) >= moment - _TICK:
        return None
    now = time.time_ns()
    try:
        names = digest_names(path)
    except OSError:
        names = _CLOSED
    return _row(found, names, now)


def _row(found: os.stat_result, digest: Digest, moment: int) -> Row:
    """Return the row of a path with these stamps; without them where it may change again under the same ones.

    Args:
        found: its stamps.
        digest: of its content.
        moment: a moment before it was read, in nanoseconds since 1970.
    """
    if _settled(found, moment):
        return (found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino, digest)
    return (NO_STAMPS, 0, 0, 0, digest)


def _stamps(found: os.stat_result) -> tuple[int, int, int, int]:
    return (found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino)


def _text_of(found: os.stat_result) -> tuple[int, int, int]:
    """Return the stamps that change when a file's content is replaced."""
    return (found.st_size, found.st_mtime_ns, found.st_ino)


def _settled(found: os.stat_result, moment: int) -> bool:
    """Return whether a change after `moment`, in nanoseconds since 1970, would show in the stamps."""
    return max(found.st_mtime_ns, found.st_ctime_ns) < moment - RACY_NANOSECONDS
