"""What is tried again after a failure, and for how long."""

from __future__ import annotations

import contextlib
import time

from buildkit.doors import clock

TRIES = 6
"""How often one step is tried that makes no progress."""

MOST_WAITING = 300.0
"""Seconds for which one step waits in all where a registry asks for that."""

_sleep = time.sleep


class TransientFailure(Exception):  # noqa: N818 - a fact: the network failed, to try again may help
    """The connection could not be made, or ended early, or the registry is busy.

    Args:
        words: what happened.
        after: seconds after which the registry wants to be asked again; None if it did not say.
        slow: whether all the time that it may take went by.
    """

    def __init__(self, words: object, after: float | None = None, *, slow: bool = False) -> None:
        super().__init__(str(words) or type(words).__name__)
        self.after = after
        self.slow = slow


class PermanentFailure(Exception):  # noqa: N818 - a fact
    """No trying helps.

    Args:
        words: what is wrong.
        hint: what to do, where it is not the usual.
    """

    def __init__(self, words: str, hint: str = "") -> None:
        super().__init__(words)
        self.words = words
        self.hint = hint


class Patience:
    """How long one step goes on trying; progress renews it, but not for ever."""

    def __init__(self) -> None:
        self._failures = 0
        self._waited = 0.0

    def again(self, cut: TransientFailure, *, progress: bool = False) -> None:
        """Wait until it is time to try again.

        Args:
            cut: what the last attempt failed at.
            progress: whether that attempt came further than the one before.

        Raises:
            PermanentFailure: it is not worth it.
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
    """Return the seconds that a `Retry-After` (RFC 9110, 10.2.3) writes as a number or as a date; None for neither."""
    if words is None:
        return None
    if words.strip().isascii() and words.strip().isdecimal():
        return float(words.strip()[:9])
    from email.utils import parsedate_to_datetime  # noqa: PLC0415 - hardly ever

    with contextlib.suppress(ValueError, TypeError, OverflowError):
        return max(parsedate_to_datetime(words).timestamp() - clock.now(), 0.0)
    return None
