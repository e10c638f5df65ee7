"""One worker per folder: a lock that dies with its holder, a claim with a number that only rises, and a heartbeat.

    lease.lock              held by the process that works here; on a local disk it alone decides
    leases/000008.json      who claimed number 8; made once and exclusively, its time stamp is the heartbeat
    leases/000008.end       the claim is closed: by its holder to commit, or by the next holder to invalidate it
    leases/000008.free      the claim was released

A volume of the network may keep locks to each host, or have none. There a claim counts as alive while its time stamp
moves, by the observer's own watch: no two clocks are compared. And a holder that was taken for dead cannot commit any
more (a fencing token: Kleppmann, "How to do distributed locking", 2016): holder and successor both have to make the
same `.end`, and the folder knows only one winner. All of it rests on exclusive creation, rename and delete, which NFS
has.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from buildkit.data.volume import claims, deleting, disk, switching
from buildkit.doors import clock, files, locks
from buildkit.errors import StageError

BEAT = 2.0
"""Seconds between two heartbeats."""

MISSED = 4
"""After so many heartbeats that did not come a holder counts as dead."""

_KEPT = 20
"""So many claims stay before those of the past are deleted; each is a few bytes."""

_END = 10**18
"""No number is that high: names of generations have eighteen digits at most."""

_LOCAL = frozenset(
    {"ext2", "ext3", "ext4", "xfs", "btrfs", "f2fs", "zfs", "bcachefs", "jfs", "nilfs2"}
    | {"tmpfs", "ramfs", "overlay", "erofs", "squashfs"}
)
"""File systems whose locks every process that sees them shares."""

_LOCKLESS = frozenset({errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL, errno.EBADF})


class AlreadyClaimed(Exception):  # noqa: N818 - a fact, not a fault
    """Another process claimed the lease at the same moment, on a volume without locks: wait for it, and begin again."""


class Lease:
    """The right to work on one folder, held by this process.

    Args:
        folder: the data's folder.
        last: the highest number that had been claimed when nobody held the lease.
    """

    def __init__(self, folder: Path, last: int) -> None:
        self._folder = folder
        self._last = last
        self._stop = threading.Event()
        self._heart: threading.Thread | None = None
        self.number = 0

    def claim(self) -> None:
        """Claim the next number, invalidate all earlier claims, and start the heartbeat.

        If the volume is too full even for the claim, deletable generations are deleted until it fits.

        Raises:
            AlreadyClaimed: another process claimed the number.
            OSError: the folder cannot be written.
        """
        spare = deleting.deletable(self._folder, below=self._last + 1)
        while True:
            try:
                self._draw()
            except FileNotFoundError:  # noqa: PERF203 - another holder swept away a file that was being written
                if not (self._folder / "leases").is_dir():
                    raise
                raise AlreadyClaimed from None
            except OSError as error:
                place = next(spare, None)
                if error.errno not in disk.FULL or place is None:
                    raise
                deleting.delete(place)
            else:
                return

    def _draw(self) -> None:
        self.end()
        before = claims.numbers(self._folder)
        number = max(self._last, self.number) + 1
        if number >= _END:
            raise StageError(
                f"data: {self._folder} has a generation or a lease of number {number - 1}, and none is higher",
                hint="the suite does not come that far: move away what has this number in its name",
            )
        who = {"host": os.uname().nodename, "pid": os.getpid(), "since": clock.now()}
        if any(each >= number for each in before):
            raise AlreadyClaimed
        if not files.write_once(claims.claim(self._folder, number), json.dumps(who)):
            raise AlreadyClaimed
        self.number = number
        self._stop.clear()
        self._heart = threading.Thread(target=self._beat, args=(number,), daemon=True)
        self._heart.start()
        for earlier in before:
            files.write_once(claims.end(self._folder, earlier), "")
        switching.delete_pending_links(self._folder)
        for earlier in before:
            if earlier <= number - _KEPT:
                for file in (claims.claim, claims.end, claims.free):
                    files.remove(file(self._folder, earlier))

    def begin_commit(self) -> None:
        """Close this claim for the commit: afterwards, no other process can invalidate it.

        Raises:
            StageError: another process has claimed since.
        """
        if not files.write_once(claims.end(self._folder, self.number), ""):
            raise lost(self._folder)

    @property
    def overtaken(self) -> bool:
        """Whether another process has made a later claim."""
        return any(number > self.number for number in claims.numbers(self._folder))

    def end(self) -> None:
        """Release the claim, so that the next holder need not wait for its heartbeat to time out."""
        self._stop.set()
        if self._heart is not None:
            self._heart.join()
            self._heart = None
            with contextlib.suppress(OSError):  # a full or lost volume: the next one waits a little longer
                files.write_once(claims.free(self._folder, self.number), "")

    def _beat(self, number: int) -> None:
        while not self._stop.wait(BEAT):
            with contextlib.suppress(OSError):
                os.utime(claims.claim(self._folder, number))


def lost(folder: Path) -> StageError:
    """Return the error for a worker that was taken for dead."""
    return StageError(
        f"data: {claims.describe(folder)} began while this process was working",
        hint="this one was taken for dead, as after a long sleep of its machine; the other makes the data",
    )


@contextlib.contextmanager
def held(folder: Path, *, wait: float | None, on_wait: Callable[[], None] | None = None) -> Iterator[Lease]:
    """Hold the lease of `folder` within the block.

    Args:
        folder: the data's folder; it is made where it is missing.
        wait: seconds to wait for it; None for as long as it takes.
        on_wait: called once if another process holds it.

    Raises:
        Busy: another process still held it after `wait` seconds.
        DataError: a folder of the suite's own is a link.
        OSError: the folder cannot be written.
    """
    deadline = None if wait is None else time.monotonic() + wait
    with contextlib.ExitStack() as stack:
        locked = True
        deleting.refuse_links(folder)
        try:
            stack.enter_context(locks.held(folder / "lease.lock", wait=wait, on_wait=on_wait))
        except OSError as error:
            if error.errno not in _LOCKLESS:
                raise
            locked = False
        last = claims.highest(folder)
        if not (locked and _locks_hold(folder)):
            last = _outlive(folder, deadline, on_wait)
        claims.sweep(folder)
        lease = Lease(folder, last)
        try:
            yield lease
        finally:
            lease.end()


def is_busy(folder: Path) -> bool:
    """Return whether a process works on `folder` now; several processes may ask at the same time.

    Raises:
        OSError: the folder cannot be written.
    """
    locked = True
    try:
        with locks.held(folder / "lease.lock", shared=True, wait=0):
            pass
    except locks.Busy:
        return True
    except OSError as error:
        if error.errno not in _LOCKLESS:
            raise
        locked = False
    return not (locked and _locks_hold(folder)) and _alive(folder, max(claims.numbers(folder), default=0))


def _outlive(folder: Path, deadline: float | None, on_wait: Callable[[], None] | None) -> int:
    """Wait until no claim is alive; return the highest number that has been claimed by then.

    Raises:
        Busy: one was still alive at the deadline.
    """
    told = False
    while True:
        drawn = claims.highest(folder)
        if not _alive(folder, max(claims.numbers(folder), default=0)):
            return drawn
        if deadline is not None and time.monotonic() >= deadline:
            raise locks.Busy(str(folder))
        if on_wait is not None and not told:
            on_wait()
            told = True


def _alive(folder: Path, number: int) -> bool:
    """Return whether the holder of this claim is alive; to be sure that it is not takes `MISSED` heartbeats."""
    if not number or claims.free(folder, number).exists():
        return False
    first = claims.stamp(folder, number)
    deadline = time.monotonic() + MISSED * BEAT
    while time.monotonic() < deadline:
        time.sleep(min(BEAT / 4, 0.25))
        if claims.free(folder, number).exists():
            return False
        if claims.stamp(folder, number) != first:
            return True
    return False


def _locks_hold(folder: Path) -> bool:
    """Return whether the volume is one whose locks all processes share. An unknown one costs a little waiting."""
    try:
        mounts = Path("/proc/self/mountinfo").read_text("utf-8", errors="replace").splitlines()
    except OSError:
        return True  # not Linux: a developer's own disk
    place = f"{folder.resolve()}/"
    best, kind = "", ""
    for line in mounts:
        left, _, right = line.partition(" - ")
        point = left.split()[4].replace("\\040", " ").rstrip("/") + "/"
        if place.startswith(point) and len(point) >= len(best):
            best, kind = point, right.split()[0]
    return kind in _LOCAL
