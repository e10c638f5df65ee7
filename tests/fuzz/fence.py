"""A fence around a folder: what this process would change outside of it is refused and counted, and so is a process.

An audit hook cannot be taken away, so there is one for all, which does nothing but between `around` and its end.
"""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_STARTS = frozenset({"subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.fork", "os.forkpty"})
_MORE = 768 << 20
"""Bytes that one input may take beside what is there."""

_ROOMS: dict[str, Callable[[tuple[Any, ...]], list[tuple[Any, Any]]]] = {
    "os.rename": lambda given: [(given[0], given[2]), (given[1], given[3])],
    "os.remove": lambda given: [(given[0], given[1])],
    "os.rmdir": lambda given: [(given[0], given[1])],
    "os.mkdir": lambda given: [(given[0], given[2])],
    "os.symlink": lambda given: [(given[1], given[2])],
    "os.link": lambda given: [(given[1], given[3])],
    "os.chmod": lambda given: [(_followed(given[0]), given[2])],
    "os.chown": lambda given: [(_followed(given[0]), given[3])],
    "os.truncate": lambda given: [(_followed(given[0]), -1)],
    "os.utime": lambda given: [(_followed(given[0]), given[3])],
    "os.setxattr": lambda given: [(_followed(given[0]), -1)],
    "os.removexattr": lambda given: [(_followed(given[0]), -1)],
    "os.chflags": lambda given: [(_followed(given[0]), -1)],
}
"""What changes something, with the places that it changes: a name and the folder that it is relative to."""


class Outside(BaseException):
    """Something outside of the folder was about to be changed."""


class TooLong(BaseException):
    """It did not end in its time."""


class Fence:
    """The one fence of this process."""

    def __init__(self) -> None:
        self._room = ""
        self.entered = 0
        self.seen: list[str] = []
        sys.addaudithook(self._see)

    @contextlib.contextmanager
    def around(self, folder: Path, seconds: float = 5.0) -> Iterator[None]:
        """Let the block change nothing but what lies in `folder`, take no longer, and take no memory without end.

        Args:
            folder: where changes are allowed.
            seconds: of work and of waits, without those for a processor that others have.

        Raises:
            Outside: it would have; it is in `seen`, whoever caught it.
            TooLong: it took longer.
            MemoryError: it asked for more.
        """

        def taken() -> float:
            return time.monotonic() - began - (_queued() - queued)

        def over(_: object, frame: FrameType | None) -> None:
            if taken() <= seconds:
                return  # the machine was busy with others; it comes again
            if frame is not None and frame.f_code.co_name == "gc_callback":
                return  # of Hypothesis, where an error would be lost; it comes again
            raise TooLong(f"more than {seconds} s")

        self.seen = []
        self.entered += 1
        before = signal.signal(signal.SIGALRM, over)
        limits = resource.getrlimit(resource.RLIMIT_AS)
        write = sys.dont_write_bytecode
        sys.dont_write_bytecode = True
        resource.setrlimit(resource.RLIMIT_AS, (_size() + _MORE, limits[1]))
        began, queued = time.monotonic(), _queued()
        signal.setitimer(signal.ITIMER_REAL, seconds, 0.1)
        self._room = os.path.realpath(folder)
        try:
            yield
        finally:
            self._room = ""
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)
            resource.setrlimit(resource.RLIMIT_AS, limits)
            sys.dont_write_bytecode = write
        if self.seen:
            raise Outside(self.seen)
        if taken() > seconds:
            raise TooLong(f"{taken():.1f} s")

    def _see(self, event: str, given: tuple[Any, ...]) -> None:
        if not self._room:
            return
        if event == "open":
            path, _, flags = given
            writes = isinstance(flags, int) and flags & _WRITES
            places = [(path if flags & os.O_NOFOLLOW else _followed(path), -1)] if writes else []
        elif event in _STARTS:
            self._refuse(f"{event} {given}")
            return
        else:
            find = _ROOMS.get(event)
            places = find(given) if find else []
        for path, folder in places:
            found = _real(path, folder)
            if found != os.devnull and not f"{found}/".startswith(f"{self._room}/"):
                self._refuse(f"{event} {found}")

    def _refuse(self, words: str) -> None:
        self.seen.append(words)
        raise Outside(words)


def _followed(path: Any) -> Any:
    """Return where a name leads, for what follows links."""
    if isinstance(path, int):
        return path
    with contextlib.suppress(OSError, ValueError):
        return os.path.realpath(os.fsdecode(path))
    return path


def _real(path: Any, folder: Any) -> str:
    """Return the place that is meant, its folder without links; the name itself may be one."""
    if isinstance(path, int):
        return os.path.realpath(f"/proc/self/fd/{path}")
    name = os.fsdecode(path)
    if isinstance(folder, int) and folder >= 0 and not os.path.isabs(name):
        name = f"{os.path.realpath(f'/proc/self/fd/{folder}')}/{name}"
    if "\0" in name:
        return os.devnull  # no call takes it
    above, last = os.path.split(os.path.normpath(name) if name.endswith("/") else name)
    if last in {"", ".", ".."}:
        return os.path.realpath(name)
    return os.path.join(os.path.realpath(above or "."), last)


def _size() -> int:
    """Return the bytes of address space that this process has."""
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[0]) * resource.getpagesize()


def _queued() -> float:
    """Return the seconds for which the main thread could run and had no processor, where the kernel counts them."""
    try:
        with open("/proc/self/schedstat", encoding="ascii") as file:
            return int(file.read().split()[1]) / 1e9
    except OSError:
        return 0.0


FENCE = Fence()
