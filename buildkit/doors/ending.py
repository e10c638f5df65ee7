"""Cancels the threads of a process that is to end: their waits are interrupted, and they start nothing more.

A signal interrupts the main thread alone. Threads at work learn of it here, so that none of them waits for a lock, or
runs the next compiler, while the main thread waits for them.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator

_asked = threading.Event()


class Ended(BaseException):
    """Raised in a thread whose work was cancelled."""


def pause(seconds: float) -> None:
    """Sleep for `seconds`; in a thread that is cancelled, raise.

    Raises:
        Ended: the work is to end; in the main thread what a signal raises comes first.
    """
    if _asked.wait(seconds):
        check()


def check() -> None:
    """Raise `Ended` if the threads are cancelled and this is not the main thread, which may still clean up.

    Raises:
        Ended: it is to end.
    """
    if _asked.is_set() and threading.current_thread() is not threading.main_thread():
        raise Ended


@contextlib.contextmanager
def of_threads() -> Iterator[None]:
    """Cancel all threads but the main one during the block, in which the caller waits for them."""
    before = _asked.is_set()
    _asked.set()
    try:
        yield
    finally:
        if not before:
            _asked.clear()


def ask() -> None:
    """Cancel all threads permanently, because the process ends."""
    _asked.set()
