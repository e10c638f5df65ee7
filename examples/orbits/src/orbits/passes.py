"""Passes: the times during which a station sees a satellite above a mask.

A scan at a fixed step brackets each rise, culmination and set; a search within
the bracket finds it to a millisecond. A pass that is shorter than the step is
found too, from the bend that its culmination leaves between three samples.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from orbits.frames import teme_to_ecef
from orbits.look_angles import LookAngles, Observer
from orbits.propagation import Propagator
from orbits.refinement import TOLERANCE, crossing, maximum
from orbits.vectors import Vector


@dataclass(frozen=True)
class Window:
    """A span of time above the mask, in seconds since the epoch.

    Attributes:
        rise: When it begins.
        culmination: When the satellite stands highest.
        set: When it ends.
        whole: False if the search began or ended during it.
    """

    rise: float
    culmination: float
    set: float
    whole: bool


def sight(propagator: Propagator, observer: Observer) -> Callable[[float], LookAngles]:
    """Return the function from seconds since the epoch to look angles."""

    def look(seconds: float) -> LookAngles:
        return observer.look_at(earth_fixed_position(propagator, seconds))

    return look


def earth_fixed_position(propagator: Propagator, seconds: float) -> Vector:
    """Return the Earth-fixed position (km) at `seconds` since the epoch."""
    position, _ = propagator.state(seconds)
    return teme_to_ecef(position, propagator.epoch.plus_seconds(seconds))


def find_windows(
    height: Callable[[float], float],
    times: Sequence[float],
    heights: Sequence[float],
) -> Iterator[Window]:
    """Yield the windows in which a function is positive, in order.

    Args:
        height: Elevation above the mask in degrees at a time in seconds.
        times: Moments of the scan, rising, in seconds; shape (n,).
        heights: The function at these moments, in degrees; shape (n,).
    """
    rise: float | None = None
    first = 0
    for index, now in enumerate(times):
        above = heights[index] >= 0.0
        if above and rise is None:
            rise = crossing(height, times[index - 1], now) if index else now
            first = index
        elif not above and rise is not None:
            fall = crossing(height, times[index - 1], now)
            peak = _culmination(height, times, heights, (first, index), (rise, fall))
            yield Window(rise, peak, fall, whole=first > 0)
            rise = None
        elif not above and _bends_up(heights, index):
            yield from _short_window(height, times[index - 1], times[index + 1])
    if rise is not None:
        fall = times[-1]
        peak = _culmination(height, times, heights, (first, len(times)), (rise, fall))
        yield Window(rise, peak, fall, whole=False)


def _culmination(
    height: Callable[[float], float],
    times: Sequence[float],
    heights: Sequence[float],
    samples: tuple[int, int],
    ends: tuple[float, float],
) -> float:
    """Return when the function is greatest, near its greatest sample."""
    highest = max(range(*samples), key=heights.__getitem__)
    before = times[highest - 1] if highest else times[0]
    after = times[min(highest + 1, len(times) - 1)]
    start, stop = max(before, ends[0]), min(after, ends[1])
    # At an end of the scan the greatest value may be the end itself.
    return max((start, maximum(height, start, stop), stop), key=height)


def _bends_up(heights: Sequence[float], index: int) -> bool:
    """Return whether a sample is greater than both its neighbours."""
    if not 0 < index < len(heights) - 1:
        return False
    return heights[index - 1] < heights[index] > heights[index + 1]


def _short_window(height: Callable[[float], float], start: float, stop: float) -> Iterator[Window]:
    """Yield the window that lies between two samples below the mask, if any."""
    peak = maximum(height, start, stop)
    if height(peak) < 0.0 or min(peak - start, stop - peak) <= TOLERANCE:
        return
    rise, fall = crossing(height, start, peak), crossing(height, peak, stop)
    yield Window(rise, peak, fall, whole=True)
