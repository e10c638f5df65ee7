"""How a service stands, and how a process of it ended."""

from __future__ import annotations

import signal
from dataclasses import dataclass
from enum import Enum


class State(Enum):
    """The state of a service."""

    STOPPED = "stopped"
    STARTING = "starting"
    READY = "ready"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class End:
    """How a process ended by itself.

    Args:
        name: the service's.
        exit_code: its exit code, or 128 plus the signal that ended it.
        revived: whether it was started again.
        answered_for: whether the process before it goes on answering.
    """

    name: str
    exit_code: int
    revived: bool
    answered_for: bool = False


def how_it_ended(code: int) -> str:
    """Return in words how a process ended.

    Args:
        code: its exit code, or 128 plus the signal that ended it; below 0 the one that ended its launcher.
    """
    if code < 0:
        return f"with its launcher, by {signal.Signals(-code).name}"
    if code > 128 and code - 128 in set(signal.Signals):  # noqa: PLR2004 - as shells count
        return f"by {signal.Signals(code - 128).name}"
    return f"with exit code {code}"
