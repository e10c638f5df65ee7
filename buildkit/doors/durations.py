"""The seconds that parts of some work took the last time, kept in a file; where that is lost, nothing is known."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from pathlib import Path

from buildkit.doors import files, reading

_MOST = 1 << 24


def read(place: Path) -> dict[str, float]:
    """Return the seconds of each part; nothing where that is not known, or the file not whole."""
    try:
        found = json.loads(reading.read_text(place, most=_MOST))
    except (OSError, ValueError, RecursionError):
        return {}
    if not isinstance(found, dict):
        return {}
    return {name: float(value) for name, value in found.items() if isinstance(value, (int, float)) and value > 0}


def keep(place: Path, took: Mapping[str, float]) -> None:
    """Note what parts took, beside what is known of others."""
    if any(value > 0 for value in took.values()):
        replace(place, {**read(place), **took})


def replace(place: Path, took: Mapping[str, float]) -> None:
    """Note what parts took, and forget the others; a disk that refuses costs an estimate."""
    known = {name: round(value, 3) for name, value in took.items() if value > 0}
    with contextlib.suppress(OSError):
        files.write(place, json.dumps(known))
