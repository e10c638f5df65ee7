"""Errors and hints for a volume that is full, read-only or owned by another user; and its clock and free space."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
from pathlib import Path

from buildkit.doors import clock
from buildkit.errors import BuildkitError, DataError, StageError

FULL_HINT = "the volume is full: make room and run again; the data that was there stays, finished stages are kept"
"""The hint for a full volume."""

FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_NEARLY_FULL = 1 << 20


def as_error(error: OSError, folder: Path) -> BuildkitError:
    """Return the error to raise for an `OSError` of the volume."""
    if error.errno in FULL:
        return StageError(f"data: no space left on the volume of {folder} ({error.strerror})", hint=FULL_HINT)
    if error.errno == errno.EROFS:
        return DataError(
            f"data: {folder} is read-only",
            hint="mount the volume writable where the data is made; containers that only serve need policy serve-stale",
        )
    if error.errno in {errno.EACCES, errno.EPERM}:
        return DataError(
            f"data: {folder} is not writable for user {os.geteuid()}: {_owner_of(folder)}",
            hint=f"once, as root: chown -R {os.geteuid()} {folder}",
        )
    return DataError(f"data: {error.strerror}: {error.filename or folder}", hint="see what is wrong with the volume")


def now(folder: Path) -> float:
    """Return the time in seconds since 1970 by the clock that stamps the volume's files, the same for all its hosts.

    If the folder cannot be written, it is this host's own time.
    """
    try:
        os.utime(folder)
        return folder.stat().st_mtime
    except OSError:
        return clock.now()


def hint_if_full(folder: Path) -> str:
    """Return the hint for a full volume if that of `folder` is full; empty if it is not."""
    try:
        room = os.statvfs(folder)
    except OSError:
        return ""
    full = room.f_bavail * room.f_frsize < _NEARLY_FULL or (room.f_files and not room.f_favail)
    return FULL_HINT if full else ""


def free(folder: Path) -> int:
    """Return how many bytes the volume of `folder` has room for, once all that was written has reached it.

    Without a sync, Btrfs reports the free space of up to half a minute ago, and a stage would run out of space.
    """
    import ctypes  # noqa: PLC0415 - a start on fresh data never comes here

    with contextlib.suppress(AttributeError):  # not Linux
        descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
        try:
            ctypes.CDLL(None).syncfs(descriptor)
        finally:
            os.close(descriptor)
    return shutil.disk_usage(folder).free


def ownership_hint(folder: Path) -> str:
    """Return the hint for a folder that this user cannot write to."""
    return f"{_owner_of(folder)}; once, as root: chown -R {os.geteuid()} {folder}\nor mount the volume writable"


def _owner_of(folder: Path) -> str:
    place = folder
    while not place.exists() and place != place.parent:
        place = place.parent
    return f"{place} belongs to user {place.stat().st_uid}"
