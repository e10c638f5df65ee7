"""Finding moments exactly: where a function changes sign, where it is greatest."""

from collections.abc import Callable
from math import sqrt

TOLERANCE = 1e-3
"""Width of the interval, in seconds, at which a search stops."""

_GOLDEN_SECTION = (sqrt(5.0) - 1.0) / 2.0


def crossing(function: Callable[[float], float], start: float, stop: float) -> float:
    """Return where a function changes its sign, by bisection.

    Args:
        function: Has opposite signs at `start` and `stop` and is continuous.
        start: One end in seconds.
        stop: The other end, later.
    """
    positive_at_start = function(start) >= 0.0
    while stop - start > TOLERANCE:
        middle = 0.5 * (start + stop)
        if (function(middle) >= 0.0) == positive_at_start:
            start = middle
        else:
            stop = middle
    return 0.5 * (start + stop)


def maximum(function: Callable[[float], float], start: float, stop: float) -> float:
    """Return where a function is greatest, by golden section.

    Args:
        function: Has one maximum between `start` and `stop`.
        start: One end in seconds.
        stop: The other end, later.
    """
    while stop - start > TOLERANCE:
        left = stop - _GOLDEN_SECTION * (stop - start)
        right = start + _GOLDEN_SECTION * (stop - start)
        if function(left) >= function(right):
            stop = right
        else:
            start = left
    return 0.5 * (start + stop)
