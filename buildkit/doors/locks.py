"""Locks between processes: they die with their holder and are never deleted while held.

`flock` belongs to the open file, so the kernel lets go of it however the holder ends. To delete a file that someone is
about to lock would give two holders: so only its holder deletes it, and who got the lock of a file that is gone by then
takes that of the new one.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from buildkit.doors import files


class Busy(Exception):  # noqa: N818 - a fact, not a fault
    """Somebody else held the lock for all the time that one was ready to wait."""


@contextlib.contextmanager
def held(
    path: Path, *, shared: bool = False, wait: float | None = None, on_wait: Callable[[], None] | None = None
) -> Iterator[None]:
    """Hold the lock `path` for the time of the block.

    Args:
        path: the lock's file; it is made, with its folder, where it is missing.
        shared: many readers at once instead of one writer.
        wait: seconds to wait for it; None for as long as it takes.
        on_wait: called once when somebody else holds it, to say that one waits.

    Raises:
        Busy: somebody else still held it after `wait` seconds.
        OSError: the file cannot be made.
    """
    deadline = None if wait is None else time.monotonic() + wait
    kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
    while True:
        files.make_folder(path.parent)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, files.MODE)
        try:
            _acquire(descriptor, path, kind, deadline, on_wait)
            if _is_at(path, descriptor):
                yield
                return
        finally:
            os.close(descriptor)


def discard(path: Path) -> bool:
    """Delete the lock's file unless somebody holds it; return whether it was deleted."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if _is_at(path, descriptor):
            path.unlink()
            return True
    except BlockingIOError:
        pass
    finally:
        os.close(descriptor)
    return False


def _is_at(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def _acquire(
    descriptor: int, path: Path, kind: int, deadline: float | None, on_wait: Callable[[], None] | None
) -> None:
    pause = 0.002
    told = False
    while True:
        try:
            fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno not in {errno.EAGAIN, errno.EACCES}:
                raise
        else:
            return
        if deadline is not None and time.monotonic() >= deadline:
            raise Busy(str(path))
        if on_wait is not None and not told:
            on_wait()
            told = True
        time.sleep(pause)
        pause = min(pause * 2, 0.1)
