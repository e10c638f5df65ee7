"""When all data was last read to its end: what a disk changes behind everyone's back shows in no size and no time."""

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
    """Write down that all was read and whole.

    Args:
        folder: the data's folder; a read-only one is left as it is.
        began: when the reading began, in seconds since 1970.
    """
    with contextlib.suppress(OSError):
        files.write(folder / READ, f"{began:.0f}\n")


def last_read(folder: Path, manifest: Manifest) -> float:
    """Return since when no byte of the generation was left unread, in seconds since 1970.

    What a stage made was read when it was made; what is shared with an earlier generation, when all of that was.
    """
    made = min((stage.made for stage in manifest.stages.values()), default=0.0)
    with contextlib.suppress(OSError, ValueError):
        return max(untrusted.seconds(float(reading.read(folder / READ, most=_MOST))), made)
    return made


def is_due(pipeline: Pipeline, since: float, now: float) -> bool:
    """Return whether all is to be read again; not where nobody could mend or record what is found.

    Args:
        pipeline: how often, and where.
        since: what `last_read` returns.
        now: seconds since 1970.
    """
    read = abs(now - since) < pipeline.verify  # clocks of hosts differ, and may have been set back
    return bool(pipeline.verify) and not read and os.access(pipeline.folder, os.W_OK)
