"""Handles Ctrl-C and SIGTERM: the first one ends the loop in order, further ones end it faster."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType

_NUMBERS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupted(KeyboardInterrupt):
    """Raised in the main thread when a signal arrives.

    A plain `KeyboardInterrupt` that passes through `exec` (as in making a dataclass) makes the interpreter end by
    SIGINT even if it is caught.
    """


class Interruption:
    """Holds the signal that ended the loop; it is set once one has arrived."""

    def __init__(self) -> None:
        self.signal: signal.Signals | None = None

    def is_set(self) -> bool:
        """Return whether the loop is to end."""
        return self.signal is not None


@contextlib.contextmanager
def interruptible(interruption: Interruption) -> Iterator[None]:
    """Turn SIGINT, SIGTERM and SIGHUP into `KeyboardInterrupt` within the block, which ends silently by it.

    Each further signal interrupts again, also while the first one is being handled. SIGHUP that was ignored before, by
    nohup, stays ignored.

    Args:
        interruption: is set when a signal arrives.
    """

    def interrupt(number: int, _frame: FrameType | None) -> None:
        interruption.signal = interruption.signal or signal.Signals(number)
        raise Interrupted

    main = threading.current_thread() is threading.main_thread()  # no other thread may set handlers
    before = {number: signal.getsignal(number) for number in _NUMBERS} if main else {}
    before = {
        number: handler
        for number, handler in before.items()
        if handler is not signal.SIG_IGN or number == signal.SIGINT
    }
    try:
        for number in before:
            signal.signal(number, interrupt)
        yield
    except KeyboardInterrupt:
        interruption.signal = interruption.signal or signal.SIGINT
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
