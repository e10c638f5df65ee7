"""Says how far a long piece of work is, now and then."""

from __future__ import annotations

from buildkit.doors.clock import Stopwatch
from buildkit.report.console import Console

_EACH = 10.0
"""Seconds from line to line: short work says nothing, and the log of an hour stays readable."""


class Pace:
    """Says each ten seconds how much of something is done.

    Args:
        console: where it is said.
        what: the work, in words.
    """

    def __init__(self, console: Console, what: str) -> None:
        self._console = console
        self._what = what
        self._watch = Stopwatch()
        self._next = _EACH

    def __call__(self, done: int, of: int) -> None:
        """Say it, if it is time.

        Args:
            done: how many are done.
            of: how many there are; 0 where that is not known.
        """
        seconds = self._watch.seconds
        if seconds >= self._next:
            self._next = seconds + _EACH
            number = f"{done:,} of {of:,}" if of else f"{done:,}"
            self._console.say(f"{self._what}: {number}  [{seconds:.0f} s]")
