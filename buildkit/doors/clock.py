"""The clock: wall time for records, monotonic time for durations."""

from __future__ import annotations

import time


def now() -> float:
    """Return the wall time in seconds since 1970. It can jump, so durations must not be measured with it."""
    return time.time()


def time_of_day() -> str:
    """Return the local time of day as `12:01:03`."""
    return time.strftime("%H:%M:%S")


def moment(seconds: float) -> str:
    """Return a wall time, in seconds since 1970, as the local `2026-11-29 12:01`."""
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(seconds))


class Stopwatch:
    """Measures how long something takes, in seconds, from the moment it is made."""

    def __init__(self) -> None:
        self._start = time.perf_counter()

    @property
    def seconds(self) -> float:
        """Seconds since the start."""
        return time.perf_counter() - self._start
