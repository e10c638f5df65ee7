"""Records when all data was last read completely: silent corruption on a disk changes neither size nor time stamp."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from buildkit.core import untrusted
from buildkit.data.names import READ
from buildkit.data.stages.pipeline import Pipeline
from buildkit.data.volume.manifest import Manifest
from buildkit.doors import files, reading

_MOST = 100
"""Bytes of the file."""


def record(folder: Path, began: float) -> None:
    """Record that all files were read and none was damaged.

    Args:
        folder: the data's folder; a read-only one is left as it is.
        began: when the reading began, in seconds since 1970.
    """
    with contextlib.suppress(OSError):
        files.write(folder / READ, f"{began:.0f}\n")


def last_read(folder: Path, manifest: Manifest) -> float:
    """Return the time since which every byte of the generation has been read at least once, in seconds since 1970.

    The files of a stage that ran were read when it ran; files shared with an earlier generation, when all of that was
    read.
    """
    made = min((stage.made for stage in manifest.stages.values()), default=0.0)
    with contextlib.suppress(OSError, ValueError):
        return max(untrusted.seconds(float(reading.read(folder / READ, most=_MOST))), made)
    return made


def is_due(pipeline: Pipeline, since: float, now: float) -> bool:
    """Return whether all data is due to be read again.

    Never if this process could neither repair damage nor record the reading.

    Args:
        pipeline: gives the interval and the folder.
        since: the result of `last_read`.
        now: seconds since 1970.
    """
    read = abs(now - since) < pipeline.verify  # clocks of hosts differ, and may have been set back
    return bool(pipeline.verify) and not read and os.access(pipeline.folder, os.W_OK)
