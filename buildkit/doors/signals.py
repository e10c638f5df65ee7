"""Ctrl-C, SIGTERM and SIGHUP end a command in order, in seconds, with 128 plus the signal's number as exit code.

The first one raises `Stopped` where the main thread is, so that every `finally` runs. What takes too long after that is
cut off: children are killed, the kernel lets go of the locks. SIGHUP or SIGTERM that were ignored when the process
started stay ignored, as `nohup` wants it. A shell ignores SIGINT for what it starts with `&`; who sends it means it.
"""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from collections.abc import Iterator
from types import FrameType
from typing import Any

from buildkit.doors import cancellation

PATIENCE = 1.8
"""Seconds between the signal and the end, however much is left to be undone."""

UNDOING = 20.0
"""The same where a database, or a copy of the project, that was made for the command is to be deleted again; a second
signal cuts that off."""

_NUMBERS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_WORDS = {signal.SIGINT: "interrupted", signal.SIGTERM: "terminated", signal.SIGHUP: "hung up"}
_HURRY = 1.0


class Stopped(SystemExit):
    """A signal asked this process to end; its code is 128 plus the signal's number."""

    def __init__(self, number: int) -> None:
        super().__init__(128 + number)
        self.words = _WORDS.get(signal.Signals(number), "ended")


@contextlib.contextmanager
def orderly(patience: float = PATIENCE) -> Iterator[None]:
    """Make signals raise `Stopped` during the block. Does nothing outside of the main thread.

    Args:
        patience: seconds from the signal until the process is gone whatever happens.
    """
    before: dict[signal.Signals, Any] = {}
    first = 0.0

    def stop(number: int, _frame: FrameType | None) -> None:
        nonlocal first
        if first:  # a second one; terminals send some of them twice
            if time.monotonic() - first > _HURRY:
                _cut_off(number)
            return
        first = time.monotonic()
        cancellation.cancel_threads()
        threading.Thread(target=_watch, args=(number, patience), daemon=True).start()
        raise Stopped(number)

    main = threading.current_thread() is threading.main_thread()
    try:
        for number in _NUMBERS if main else ():
            handler = signal.getsignal(number)
            if handler is not signal.SIG_IGN or number == signal.SIGINT:
                before[number] = handler
                signal.signal(number, stop)
        yield
    finally:
        for number, handler in before.items() if not first else ():
            signal.signal(number, handler)


def _watch(number: int, patience: float) -> None:
    time.sleep(patience)
    _cut_off(number)


def _cut_off(number: int) -> None:
    """Kill all children and exit at once."""
    from buildkit.doors import process  # noqa: PLC0415 - most commands are never interrupted

    process.end_all()
    os._exit(128 + number)
