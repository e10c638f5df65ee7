"""Shows how far long work is: one line at the bottom of a terminal, a line every ten seconds elsewhere.

What remains is told from what each part took the last time, and from how fast the work goes now.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

from buildkit.report.console import Console

_EACH = 10.0
"""Seconds from line to line where there is no terminal."""

_REFRESH = 0.25
_BRIEF = 0.3
"""Seconds within which work that is done shows nothing."""

_NOTHING: Mapping[str, float] = MappingProxyType({})


class _Part:
    """One part. Every command loads this, and a dataclass takes longer to make.

    Attributes:
        weight: its weight; 0 where that is not known.
        guessed: whether the weight is the seconds that it will take at its present pace.
        share: the share of it that is done, from 0 to 1.
        begun: when it began.
        pieces: how far it is, in words.
    """

    __slots__ = ("begun", "guessed", "pieces", "share", "weight")

    def __init__(self, begun: float) -> None:
        self.weight = self.share = 0.0
        self.begun = begun
        self.guessed = False
        self.pieces = ""


class Progress:
    """The progress of some work, as `buildkit.core.advance` has it told.

    Args:
        console: where it is shown.
        what: the work, in words: `compiling`.
        weights: the parts that are known from the beginning, each with its weight.
        pace: the seconds that a weight of 1 will take, where that is known beforehand; 0 where not.
        counted: whether the number of parts is shown.
        unit: gives a sum of weights in words, where they are shown in place of the number of parts.
        clock: gives the seconds.
    """

    def __init__(
        self,
        console: Console,
        what: str,
        weights: Mapping[str, float] = _NOTHING,
        *,
        pace: float = 0.0,
        counted: bool = True,
        unit: Callable[[float], str] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._console = console
        self._what = what
        self._counted = counted
        self._unit = unit
        self._clock = clock
        self._begun = self._said = clock()
        self._turn = threading.Lock()
        self._parts: dict[str, _Part] = {}
        self._running: list[str] = []
        self._last = ""
        self._pace = 0.0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="progress", daemon=True)
        self.expects(weights, pace=pace)

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

    def expects(self, weights: Mapping[str, float], *, pace: float = 0.0) -> None:
        """Take parts that are to come, or other weights of those that are known."""
        with self._turn:
            for name, weight in weights.items():
                self._parts.setdefault(name, _Part(self._clock())).weight = weight
            self._pace = pace or self._pace

    def begins(self, part: str) -> None:
        """Show the part as the one that is worked on."""
        with self._turn:
            self._leave(part)
            self._running.append(part)
            if part in self._parts:  # perhaps once more, where it came to nothing before
                self._parts[part].begun = self._clock()
                self._parts[part].share = 0.0
                self._parts[part].pieces = ""

    def reaches(self, part: str, done: float, of: float) -> None:
        """Show how much of the part is done."""
        with self._turn:
            found = self._parts.setdefault(part, _Part(self._begun))
            found.share = min(1.0, done / of) if of else 0.0
            found.pieces = f"{done:,.0f} of {of:,.0f}" if of else f"{done:,.0f}"
            if found.guessed or not found.weight:
                found.guessed = True
                found.weight = (self._clock() - found.begun) / found.share if found.share else 0.0

    def done(self, part: str) -> None:
        """Count the part."""
        with self._turn:
            self._last = part
            self._leave(part)
            if part in self._parts:
                self._parts[part].share = 1.0

    def skips(self, part: str) -> None:
        """Count the part no more."""
        with self._turn:
            self._leave(part)
            self._parts.pop(part, None)

    def _leave(self, part: str) -> None:
        if part in self._running:
            self._running.remove(part)

    def line(self) -> str:
        """Return how far it is: `compiling  12 of 100  0:08, about 0:21 to go  app.fast`."""
        with self._turn:
            elapsed = self._clock() - self._begun
            left = self._left(elapsed)
            to_go = f", about {_minutes(left)} to go" if left >= 1 else ""
            pieces = [self._what, self._count(), f"{_minutes(elapsed)}{to_go}", self._now()]
        return "  ".join(piece for piece in pieces if piece)

    def _count(self) -> str:
        parts = self._parts.values() if self._counted else ()
        if [*self._parts] == [""]:
            return self._parts[""].pieces
        if self._unit and parts:
            return f"{self._unit(self._reached())} of {self._unit(self._whole())}"
        return f"{sum(part.share == 1 for part in parts):,} of {len(parts):,}" if parts else ""

    def _now(self) -> str:
        name = self._running[-1] if self._running else self._last
        pieces = self._parts[name].pieces if name in self._parts and not self._unit else ""
        return f"{name} {pieces}" if name and pieces and self._parts[name].share < 1 else name

    def _left(self, elapsed: float) -> float:
        """Return how many seconds are to go; 0 where that cannot be told."""
        remaining = [part for part in self._parts.values() if part.share < 1]
        if not all(part.weight for part in remaining):
            return 0.0
        whole, reached = self._whole(), self._reached()
        left = max(0.0, whole * self._pace - elapsed) if remaining else 0.0
        if remaining and reached and elapsed > _BRIEF:
            share = reached / whole  # what was known beforehand counts less the more is done
            paced = elapsed * (whole - reached) / reached
            left = share * paced + (1 - share) * left if self._pace else paced
        return left

    def _whole(self) -> float:
        return sum(part.weight for part in self._parts.values())

    def _reached(self) -> float:
        return sum(part.weight * part.share for part in self._parts.values())

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
