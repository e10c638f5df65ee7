"""Ctrl-C and SIGTERM: the first ends the loop in order, further ones hurry it."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType

_NUMBERS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupted(KeyboardInterrupt):
    """A signal, wherever the main thread is.

    One of Python's own kind that passes an `exec` of a text (which makes a dataclass, say) would have the interpreter
    end by SIGINT in the end, however well it was caught.
    """


class Interruption:
    """Remembers what ended the loop; is set once anything did."""

    def __init__(self) -> None:
        self.signal: signal.Signals | None = None

    def is_set(self) -> bool:
        """Return whether the loop is to end."""
        return self.signal is not None


@contextlib.contextmanager
def interruptible(interruption: Interruption) -> Iterator[None]:
    """Turn SIGINT, SIGTERM and SIGHUP into `KeyboardInterrupt` for the time of the block, which it ends without a word.

    Each further signal interrupts again, whatever is then being waited for.
    SIGHUP that was ignored before, by nohup, stays ignored.

    Args:
        interruption: is told of it.
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
