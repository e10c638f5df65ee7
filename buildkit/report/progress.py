"""Shows how far long work is: one line at the bottom of a terminal, a line every ten seconds elsewhere.

What remains is told from what each part took the last time, and from how fast the work goes now.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator, Mapping

from buildkit.report.console import Console

_EACH = 10.0
"""Seconds from line to line where there is no terminal."""

_REFRESH = 0.25
_BRIEF = 0.3
"""Seconds within which work that is done shows nothing."""


class Progress:
    """The progress of some work.

    Args:
        console: where it is shown.
        what: the work, in words: `compiling`.
        weights: the parts by name, each with its share: the seconds that it took the last time, or anything in
            proportion; none where the work has no parts.
        seconds: those that all will take, where that is known beforehand; 0 where not.
        clock: gives the seconds.
    """

    def __init__(
        self,
        console: Console,
        what: str,
        weights: Mapping[str, float],
        *,
        seconds: float = 0.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._console = console
        self._what = what
        self._weights = dict(weights)
        self._whole = sum(weights.values())
        self._seconds = seconds
        self._clock = clock
        self._number = len(weights)
        self._begun = clock()
        self._said = self._begun
        self._last = ""
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="progress", daemon=True)

    @contextlib.contextmanager
    def shown(self) -> Iterator[Progress]:
        """Show it for the time of a block."""
        self._thread.start()
        try:
            yield self
        finally:
            self._ended.set()
            self._thread.join()
            self._console.bottom("")

    def done(self, name: str) -> None:
        """Note that a part is done."""
        self._weights.pop(name, None)
        self._last = name

    def line(self) -> str:
        """Return how far it is: `compiling  12 of 100  0:08, about 0:21 to go  app.fast`."""
        elapsed = self._clock() - self._begun
        remaining = list(self._weights.values())
        done = self._number - len(remaining)
        weight = self._whole - sum(remaining)
        left = max(0.0, self._seconds - elapsed) if self._seconds else 0.0
        if weight > 0 and elapsed > _BRIEF:
            paced = elapsed * sum(remaining) / weight
            share = weight / self._whole  # what was known beforehand counts less the more is done
            left = paced if not self._seconds else share * paced + (1 - share) * left
        to_go = f", about {_minutes(left)} to go" if left >= 1 and remaining else ""
        last = f"  {self._last}" if self._last else ""
        count = f"  {done:,} of {self._number:,}" if self._number else ""
        return f"{self._what}{count}  {_minutes(elapsed)}{to_go}{last}"

    def _follow(self) -> None:
        wait = _BRIEF
        while not self._ended.wait(wait):
            wait = _REFRESH
            if self._console.bottom(self.line()):
                continue
            if self._clock() - self._said >= _EACH:
                self._said = self._clock()
                self._console.say(self.line())


def _minutes(seconds: float) -> str:
    whole = int(seconds)
    return f"{whole // 60}:{whole % 60:02}"
