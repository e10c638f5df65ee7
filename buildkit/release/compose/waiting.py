"""Waits until containers are well, and gives up as soon as it is sure that they will not be."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from buildkit.doors.clock import Stopwatch
from buildkit.errors import UndecidedError
from buildkit.release.compose import containers
from buildkit.release.compose.containers import Container
from buildkit.release.compose.engine import Engine
from buildkit.release.sight import FAILING, HEALTHY
from buildkit.release.target import Failed

_LOOK = 0.5
"""Seconds between two looks."""

SETTLED = 3.0
"""Seconds that a container without a health check has to live to count as well."""


def until_well(
    engine: Engine, look: Callable[[], Sequence[Container]], name: str, seconds: float, *, settled: float = SETTLED
) -> None:
    """Return once all containers are healthy.

    Args:
        engine: the engine.
        look: returns the containers.
        name: the service's, for messages.
        seconds: how long it may take.
        settled: seconds that one without a health check has to live.

    Raises:
        Failed: one of them is not well.
        UndecidedError: the time ran out.
    """
    watch, well_since = Stopwatch(), -1.0
    while True:
        found = look()
        for each in found:
            if each.condition == FAILING:
                raise Failed(f"{name}: {each.words}", containers.last_lines(engine, each))
        if found and all(each.condition == HEALTHY for each in found):
            well_since = watch.seconds if well_since < 0 else well_since
            if all(each.health for each in found) or watch.seconds - well_since >= settled:
                return
        else:
            well_since = -1.0
        if not found and watch.seconds > settled:
            raise Failed(f"{name}: its container is gone", ["somebody else took it away"])
        if watch.seconds > seconds:
            words = " and ".join(each.words for each in found)
            raise UndecidedError(
                f"{name}: {words} after {seconds:g} s, which is neither well nor failed",
                hint="run the same command again: it waits on; release.wait is how long",
            )
        time.sleep(_LOOK)
