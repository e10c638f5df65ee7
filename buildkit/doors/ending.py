"""That this process is to end: every wait in every thread hears of it, and no thread starts anything more.

A signal interrupts the main thread alone. Threads at work learn of it here, so that none of them waits for a lock, or
runs the next compiler, while the main thread waits for them.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator

_asked = threading.Event()


class Ended(BaseException):
    """The work of this thread is not wanted any more."""


def pause(seconds: float) -> None:
    """Wait for so many seconds, in the main thread as in any other.

    Raises:
        Ended: the work is to end; in the main thread what a signal raises comes first.
    """
    if _asked.wait(seconds):
        check()


def check() -> None:
    """Go on unless the work of this thread is to end. The main thread has the last word, and may undo what was done.

    Raises:
        Ended: it is to end.
    """
    if _asked.is_set() and threading.current_thread() is not threading.main_thread():
        raise Ended


@contextlib.contextmanager
def of_threads() -> Iterator[None]:
    """Let all threads but the main one end for the time of the block, which waits for them."""
    before = _asked.is_set()
    _asked.set()
    try:
        yield
    finally:
        if not before:
            _asked.clear()


def ask() -> None:
    """Let them end for good: the process does."""
    _asked.set()
