"""The state of a container for its health check: one small file that belongs to this container, not to the volume.

    starting    a gate runs; the service does not run yet
    renewing    the service runs on older data while newer is made
    degraded    the service runs on data that is due or damaged, or on none
    ready       the service runs on data that is up to date

`PYBUILDKIT_STATE` names the file. If it cannot be written, the health check depends on the service's answer alone.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from buildkit.core import untrusted
from buildkit.doors import files, reading

_MOST = 1 << 20
_LONGEST = 2000

VARIABLE = "PYBUILDKIT_STATE"
PLACE = "/tmp/buildkit-state.json"  # noqa: S108 - a container's own; replaced by a rename, never written through

STARTING, RENEWING, DEGRADED, READY = "starting", "renewing", "degraded", "ready"


@dataclass(frozen=True, slots=True)
class State:
    """One of the four states, and why."""

    word: str
    detail: str = ""

    def __str__(self) -> str:
        return f"{self.word}: {self.detail}" if self.detail else self.word


def write(environment: Mapping[str, str], state: State, folder: Path | None = None) -> None:
    """Write the container's state, and the generation in `folder` that it refers to."""
    values = {"state": state.word, "detail": state.detail}
    if folder is not None:
        values |= {"current": str(folder / "current"), "generation": _target(str(folder / "current"))}
    with contextlib.suppress(OSError):
        files.write(_place(environment), json.dumps(values))


def read(environment: Mapping[str, str]) -> State | None:
    """Return the container's state, None if none was written.

    `renewing` and `degraded` become `ready` once `current` leads to another generation.
    """
    with contextlib.suppress(OSError, ValueError, KeyError):
        values = untrusted.table(untrusted.json_of(reading.read(_place(environment), most=_MOST)))
        if untrusted.text(values["state"]) in {RENEWING, DEGRADED} and "current" in values:
            now = _target(untrusted.text(values["current"]))
            if now and now != values["generation"]:
                return State(READY, f"switched to {now.rpartition('/')[2]}")
        return State(untrusted.shown(values["state"]), untrusted.shown(values["detail"], _LONGEST))
    return None


def _place(environment: Mapping[str, str]) -> Path:
    return Path(environment.get(VARIABLE) or PLACE)


def _target(link: str) -> str:
    try:
        return os.readlink(link)  # noqa: PTH115 - a string
    except OSError:
        return ""
