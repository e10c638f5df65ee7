"""How far long work is: told by whoever does it, to whoever can show it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol


class Advance(Protocol):
    """Hears how far some work is, from any thread.

    A part is told by its name. Its weight is its share of the whole: the seconds that it took the last time, its bytes,
    or anything in proportion; 0 where that is not known.
    """

    def expects(self, weights: Mapping[str, float], *, pace: float = 0.0) -> None:
        """Hear of parts that are to come, or of other weights of those that are known.

        Args:
            weights: each part's weight.
            pace: the seconds that a weight of 1 will take, where that is known beforehand; 0 where not.
        """

    def begins(self, part: str) -> None:
        """Hear that work on a part begins."""

    def reaches(self, part: str, done: float, of: float) -> None:
        """Hear how much of a part is done.

        Args:
            part: the part; empty for work that has none.
            done: how many of its pieces are done, or bytes.
            of: how many there are; 0 where that is not known.
        """

    def done(self, part: str) -> None:
        """Hear that a part is done."""

    def skips(self, part: str) -> None:
        """Hear that nothing is to be done of a part."""


class _Unseen:
    def expects(self, weights: Mapping[str, float], *, pace: float = 0.0) -> None:
        pass

    def begins(self, part: str) -> None:
        pass

    def reaches(self, part: str, done: float, of: float) -> None:
        pass

    def done(self, part: str) -> None:
        pass

    def skips(self, part: str) -> None:
        pass


UNSEEN: Advance = _Unseen()
"""For work that nobody looks at."""
