"""Locks between processes: they die with their holder and are never deleted while held.

`flock` belongs to the open file, so the kernel lets go of it however the holder ends. The file itself stays: to unlink
a file that someone else is about to lock would give two holders.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path


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
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    try:
        _acquire(descriptor, path, fcntl.LOCK_SH if shared else fcntl.LOCK_EX, wait, on_wait)
        yield
    finally:
        os.close(descriptor)


def _acquire(descriptor: int, path: Path, kind: int, wait: float | None, on_wait: Callable[[], None] | None) -> None:
    deadline = None if wait is None else time.monotonic() + wait
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
