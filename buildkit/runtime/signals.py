"""While a gate runs, a signal ends the children first and then this process, with the code that docker expects.

The kernel gives process 1 no default action: without a handler, a container could not be stopped here.
"""

from __future__ import annotations

import signal
from types import FrameType

_ENDING = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class Terminated(SystemExit):
    """A signal asked this process to end: 143 for SIGTERM, 130 for SIGINT."""


def end_children_first() -> None:
    """From now on turn a signal into `Terminated`, so that code that runs a child ends it on the way out.

    The handlers are never removed: `exec` does that, so there is no moment in which a signal is lost.
    """
    for number in _ENDING:
        if signal.getsignal(number) is not signal.SIG_IGN or number == signal.SIGINT:
            signal.signal(number, _terminate)


def hold_back() -> None:
    """Block all signals until the program that this process becomes can handle them.

    The kernel drops signals that process 1 does not handle.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())


def as_at_birth() -> None:
    """Restore the default handling of SIGPIPE and SIGXFSZ, which Python ignores and the service would inherit."""
    for number in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_DFL)


def _terminate(number: int, _: FrameType | None) -> None:
    for each in _ENDING:
        signal.signal(each, signal.SIG_IGN)  # once is enough: nothing may interrupt the way out
    raise Terminated(128 + number)
