"""Decides which failures are tried again, and for how long."""

from __future__ import annotations

import contextlib
import time

from buildkit.doors import clock

TRIES = 6
"""How often one step is tried that makes no progress."""

MOST_WAITING = 300.0
"""Seconds that one step waits in all if a registry asks for it."""

_sleep = time.sleep


class TransientFailure(Exception):  # noqa: N818 - a fact: the network failed, to try again may help
    """The connection could not be made, or ended early, or the registry is busy.

    Args:
        words: what happened.
        after: seconds after which the registry may be asked again; None if it did not say.
        slow: whether the deadline had passed.
    """

    def __init__(self, words: object, after: float | None = None, *, slow: bool = False) -> None:
        super().__init__(str(words) or type(words).__name__)
        self.after = after
        self.slow = slow


class PermanentFailure(Exception):  # noqa: N818 - a fact
    """Trying again does not help.

    Args:
        words: what is wrong.
        hint: what to do; empty for the usual hint.
    """

    def __init__(self, words: str, hint: str = "") -> None:
        super().__init__(words)
        self.words = words
        self.hint = hint


class Patience:
    """The limit of tries and of waiting for one step; progress renews the tries."""

    def __init__(self) -> None:
        self._failures = 0
        self._waited = 0.0

    def again(self, cut: TransientFailure, *, progress: bool = False) -> None:
        """Wait until it is time to try again.

        Args:
            cut: the failure of the last attempt.
            progress: whether that attempt got further than the one before.

        Raises:
            PermanentFailure: the limit of tries or of waiting is reached.
        """
        self._failures = 0 if progress else self._failures + (TRIES // 2 if cut.slow else 1)
        wait = min(0.1 * 2**self._failures, 5.0) if cut.after is None else max(cut.after, 0.1)
        if cut.after is not None and self._waited + wait > MOST_WAITING:
            raise PermanentFailure(f"{cut}: it asks to wait for {wait:.0f} s") from cut
        if self._failures >= TRIES:
            raise PermanentFailure(str(cut)) from cut
        self._waited += wait
        _sleep(wait)


def seconds_of(words: str | None) -> float | None:
    """Return the seconds in a `Retry-After` (RFC 9110, 10.2.3), a number or a date; None if it is neither."""
    if words is None:
        return None
    if words.strip().isascii() and words.strip().isdecimal():
        return float(words.strip()[:9])
    from email.utils import parsedate_to_datetime  # noqa: PLC0415 - hardly ever

    with contextlib.suppress(ValueError, TypeError, OverflowError):
        return max(parsedate_to_datetime(words).timestamp() - clock.now(), 0.0)
    return None
