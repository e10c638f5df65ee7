"""How a target is run: so many inputs, each within the fence, each with an end that the suite words itself."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from fence import FENCE
from hypothesis import HealthCheck, Phase, settings

from buildkit.errors import BuildkitError, render

NIGHTLY = settings.get_current_profile_name() == "nightly"
BRIEF = settings.get_current_profile_name() == "brief"

Gives = TypeVar("Gives")


def inputs(quick: int, night: int) -> settings:
    """Return how many inputs a target gets: the same ones in CI, other ones each night."""
    return settings(
        max_examples=night if NIGHTLY else 20 if BRIEF else quick,
        derandomize=not NIGHTLY,
        phases=list(Phase) if NIGHTLY else [Phase.explicit, Phase.generate],
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )


def emptied(room: Path) -> Path:
    """Return the folder with nothing in it."""
    shutil.rmtree(room, ignore_errors=True)
    room.mkdir()
    return room


def survives(room: Path, act: Callable[[], Gives], seconds: float = 5.0) -> Gives | None:
    """Return what `act` gives, None where it ends with an error of the suite's own; any other one goes on."""
    try:
        with FENCE.around(room, seconds):
            return act()
    except BuildkitError as error:
        assert error.message.strip()
        assert render(error).encode("utf-8", "backslashreplace")  # as standard error writes it
        return None
