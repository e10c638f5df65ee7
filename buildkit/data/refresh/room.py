"""Room on the volume for what is to be made."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from buildkit.data.stages.pipeline import Stage
from buildkit.data.volume import deleting, disk
from buildkit.errors import StageError


def make_room(folder: Path, stage: Stage, need: int, number: int, say: Callable[[str], None]) -> None:
    """See that there is room for what a stage made the last time; give up older generations for it.

    Args:
        folder: the data's folder.
        stage: what is to run.
        need: bytes that it made the last time.
        number: of this attempt's generation.
        say: takes one line of talk.

    Raises:
        StageError: there is no room even so.
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
