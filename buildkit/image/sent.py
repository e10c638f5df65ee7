"""Keeps the bytes of the context that the last build of an image sent, for whoever asks later."""

from __future__ import annotations

import json
from pathlib import Path

from buildkit.doors import files, reading

_MOST = 4096
"""The most bytes of the file."""


def place(work: Path, name: str) -> Path:
    """Return the file of an image.

    Args:
        work: the suite's folder in the project.
        name: the image.
    """
    return work / "image" / f"{name}.sent"


def write(file: Path, sent: int | None) -> None:
    """Keep the bytes that a build sent; None if the builder did not say."""
    files.write_if_changed(file, json.dumps({"bytes": sent}) + "\n")


def read(file: Path) -> int | None:
    """Return the bytes that the last build sent; None if that is not known."""
    try:
        found = json.loads(reading.read_text(file, most=_MOST))["bytes"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
    return found if type(found) is int and found >= 0 else None
