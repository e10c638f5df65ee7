"""Locks between processes: they are released when their holder ends, and taken from a holder that is suspended.

`flock` belongs to the open file, so the kernel releases it however the holder ends. To delete a file that another
process is about to lock would give two holders: so only the holder deletes it, and a process that has locked a deleted
file locks the new one instead.

A holder that was suspended (Ctrl-Z, a frozen container) releases nothing. So a holder touches its file every second,
and a process that sees no touch for `STALLED` seconds, by its own clock, puts a new file in the place of the old one. A
holder must only do what can safely be done twice, or call `Held.require` before each step that cannot.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from buildkit.doors import cancellation, files, holders
from buildkit.doors.heartbeat import HEART

STALLED = 10.0
"""Seconds without a touch after which the lock is taken from its holder."""

SUSPENDED = 3.0
"""The same where the kernel says that the holder is suspended."""

_LOOK = 0.5


class Busy(Exception):  # noqa: N818 - a fact, not a fault
    """Another process still held the lock when the waiting time was over."""


class Overtaken(Exception):  # noqa: N818
    """This process was suspended for so long that another one took its lock."""


class Held:
    """A lock that is held.

    `instead_of` describes the suspended process that the lock was taken from; empty if it was free.
    """

    def __init__(self, path: Path, descriptor: int, instead_of: str) -> None:
        self.instead_of = instead_of
        self._path = path
        self._descriptor = descriptor

    def require(self) -> None:
        """Check that no other process has taken the lock meanwhile.

        Raises:
            Overtaken: another process has taken the lock.
        """
        if not _is_at(self._path, self._descriptor):
            raise Overtaken(str(self._path))


@contextlib.contextmanager
def held(
    path: Path,
    *,
    shared: bool = False,
    wait: float | None = None,
    on_wait: Callable[[], None] | None = None,
    notify_after: float = 0.0,
    overtake: bool = True,
) -> Iterator[Held]:
    """Hold the lock `path` for the time of the block.

    Args:
        path: the lock's file; it is made, with its folder, where it is missing.
        shared: many readers at once instead of one writer.
        wait: seconds to wait for it; None for as long as it takes.
        on_wait: called once if the lock is held by another process.
        notify_after: seconds to wait before `on_wait` is called.
        overtake: take it from a suspended holder; if False, raise `Busy` with a message that names the holder.

    Raises:
        Busy: another process still held it after `wait` seconds.
        Cancelled: this process is to end, and this is not its main thread.
        OSError: the file cannot be made.
    """
    begun = time.monotonic()
    deadline = None if wait is None else begun + wait
    kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
    waiting = _Waiting(path, begun + notify_after, on_wait)
    while True:
        files.make_own_folder(path.parent)
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOFOLLOW  # it is written to
        descriptor = os.open(path, flags, files.MODE)
        taken: int | None = None
        try:
            stalled = _acquire(descriptor, kind, deadline, waiting, overtake=overtake)
            if stalled:
                taken = _take(path, descriptor, kind)
                if taken is None:
                    continue
            mine = descriptor if taken is None else taken
            if _is_at(path, mine):
                if not shared:
                    holders.sign(mine)
                with HEART.beating(mine):
                    yield Held(path, mine, stalled)
                return
        finally:
            os.close(descriptor)
            if taken is not None:
                os.close(taken)


def describe(path: Path) -> str:
    """Return who last took the lock, such as `process 41 (invoke compile), since 12:01:03`."""
    about = holders.signed(path)
    if about is None:
        return "another process"
    where = "" if about.host == os.uname().nodename else f" on {about.host}"
    since = time.strftime("%H:%M:%S", time.localtime(about.since))
    suspended = ", suspended" if holders.is_suspended(about) else ""
    return f"process {about.pid}{where} ({about.command}, since {since}{suspended})"


def discard(path: Path) -> bool:
    """Delete the lock's file unless a process holds it; return whether it was deleted."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NONBLOCK)
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


def is_held(path: Path) -> bool:
    """Return whether a process holds the lock; nothing is written."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def _is_at(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False


class _Waiting:
    """Watches the holder of a lock while waiting for it."""

    def __init__(self, path: Path, notify_at: float, on_wait: Callable[[], None] | None) -> None:
        self.path = path
        self._notify_at = notify_at
        self._on_wait = on_wait
        self._stamp = 0
        self._seen = self._next = self._ran = time.monotonic()

    def tell(self) -> None:
        """Call `on_wait` once, when it is time."""
        if self._on_wait is not None and time.monotonic() >= self._notify_at:
            self._on_wait()
            self._on_wait = None

    def stands_still(self) -> bool:
        """Return whether the holder did not touch its lock for `STALLED` seconds, or is suspended for `SUSPENDED`."""
        now = time.monotonic()
        if now < self._next:
            return False
        self._next = now + _LOOK
        stamp = self._look()
        if stamp != self._stamp:
            self._stamp, self._seen = stamp, now
        if not holders.is_suspended(holders.signed(self.path)):
            self._ran = now
        return now - self._seen >= STALLED or now - max(self._seen, self._ran) >= SUSPENDED

    def _look(self) -> int:
        """Return the lock's time stamp. It is opened for that: NFS asks the server again only then."""
        with contextlib.suppress(OSError):
            descriptor = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
            try:
                return os.fstat(descriptor).st_mtime_ns
            finally:
                os.close(descriptor)
        return 0


def _acquire(descriptor: int, kind: int, deadline: float | None, waiting: _Waiting, *, overtake: bool) -> str:
    """Wait for the lock; return an empty text once it is held or the file was replaced.

    Otherwise the holder is suspended, and the text describes it.
    """
    pause = 0.002
    while True:
        try:
            fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno not in {errno.EAGAIN, errno.EACCES}:
                raise
        else:
            return ""
        if deadline is not None and time.monotonic() >= deadline:
            raise Busy(str(waiting.path))
        waiting.tell()
        if not _is_at(waiting.path, descriptor):
            return ""
        if waiting.stands_still():
            if not overtake:
                raise Busy(f"{describe(waiting.path)} stands still")
            return describe(waiting.path)
        cancellation.pause(pause)
        pause = min(pause * 2, 0.1)


def _take(path: Path, descriptor: int, kind: int) -> int | None:
    """Replace the file of a suspended holder by a new, locked one; return None if another process just did.

    Two at once would each take the other's: so it is done under a lock of its own, and while the old file is there.
    """
    guard_path = f"{path}.taking"
    guard = os.open(guard_path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o666)
    try:
        fcntl.flock(guard, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if not _is_at(path, descriptor):
            return None
        fresh, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent)
        try:
            os.fchmod(fresh, os.fstat(descriptor).st_mode & 0o777)
            fcntl.flock(fresh, kind | fcntl.LOCK_NB)
            os.replace(name, path)  # noqa: PTH105 - texts
            os.unlink(guard_path)  # noqa: PTH108
        except BaseException:
            os.close(fresh)
            with contextlib.suppress(FileNotFoundError):
                os.unlink(name)  # noqa: PTH108
            raise
        else:
            return fresh
    except BlockingIOError:
        cancellation.pause(_LOOK)
        return None
    finally:
        os.close(guard)
