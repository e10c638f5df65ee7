"""Makes room on the volume for a stage that is about to run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from buildkit.data.stages.pipeline import Stage
from buildkit.data.volume import deleting, disk
from buildkit.errors import StageError


def make_room(folder: Path, stage: Stage, need: int, number: int, say: Callable[[str], None]) -> None:
    """Make sure that the volume has room for a stage; delete older generations if necessary.

    Args:
        folder: the data's folder.
        stage: the stage that is about to run.
        need: the bytes that it made the last time.
        number: the number of the new generation; only older ones are deleted.
        say: called with each progress line.

    Raises:
        StageError: there is still not enough room.
    """
    if disk.free(folder) >= need:
        return
    for place in deleting.deletable_whole(folder, below=number):
        say(f"data: making room for stage {stage.name}: dropping {place.name}, which is not current")
        deleting.delete(place)
    free = disk.free(folder)
    if free < need:
        raise StageError(
            f"stage {stage.name}: made {need:,} bytes the last time, and the volume has room for {free:,}",
            hint=disk.FULL_HINT,
        )
