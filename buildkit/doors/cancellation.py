"""Cancels the threads of a process that is to end: their waits are interrupted, and they start nothing more.

A signal interrupts the main thread alone. Threads at work learn of it here, so that none of them waits for a lock, or
runs the next compiler, while the main thread waits for them.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator

_cancelled = threading.Event()


class Cancelled(BaseException):
    """Raised in a thread whose work was cancelled."""


def pause(seconds: float) -> None:
    """Sleep for `seconds`; in a thread that is cancelled, raise.

    Raises:
        Cancelled: the work is to end; in the main thread what a signal raises comes first.
    """
    if _cancelled.wait(seconds):
        check()


def check() -> None:
    """Raise `Cancelled` if the threads are cancelled and this is not the main thread, which may still clean up.

    Raises:
        Cancelled: it is to end.
    """
    if _cancelled.is_set() and threading.current_thread() is not threading.main_thread():
        raise Cancelled


@contextlib.contextmanager
def threads_cancelled() -> Iterator[None]:
    """Cancel all threads but the main one during the block, in which the caller waits for them."""
    before = _cancelled.is_set()
    _cancelled.set()
    try:
        yield
    finally:
        if not before:
            _cancelled.clear()


def cancel_threads() -> None:
    """Cancel all threads permanently, because the process ends."""
    _cancelled.set()
