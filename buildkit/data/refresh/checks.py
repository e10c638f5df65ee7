"""Finds what should not be in a new generation: interrupted stages, undeclared, changed or damaged files."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from pathlib import Path

from buildkit.data.stages.pipeline import Pipeline
from buildkit.data.volume import generations, outputs, unfinished
from buildkit.data.volume.manifest import StageRecord
from buildkit.errors import StageError
from buildkit.trees import comparing, folders, listing
from buildkit.trees.entry import File


def drop_unfinished(pipeline: Pipeline, number: int, finished: Collection[tuple[Path, StageRecord]]) -> None:
    """Delete the outputs of interrupted stages to free their space.

    Args:
        pipeline: all stages.
        number: the number of this attempt; generations with a lower one are looked at.
        finished: the stages to keep, each with the folder that holds its files.
    """
    stay = {(place, record.name) for place, record in finished}
    for place in generations.partial_ones(pipeline.folder, below=number):
        for stage in pipeline.stages:
            folders.remove_tree(unfinished.of_pieces(place, stage.name).work)
            if (place, stage.name) not in stay:
                outputs.remove(stage, place)


def drop_strangers(partial: Path, records: Mapping[str, StageRecord], say: Callable[[str], None]) -> None:
    """Delete the files that no stage recorded, with a message for each."""
    for path in list(listing.unknown(partial, {path for record in records.values() for path in record.files})):
        say(f"data: dropping {path}: no stage declares it as an output")
        folders.remove_tree(partial / path)


def require_unchanged(partial: Path, records: Mapping[str, StageRecord]) -> None:
    """Check that no stage changed the files of one that had finished before it.

    Raises:
        StageError: a stage's files have changed since.
    """
    for record in records.values():
        if comparing.on_disk(record.files, partial, None) != record.outputs:
            raise StageError(
                f"stage {record.name}: its files were changed after it had finished",
                hint="a later stage writes into them; let it write files of its own",
            )


def damaged(shared: Mapping[str, Mapping[str, File]], partial: Path) -> dict[str, set[str]]:
    """Return, by stage, the shared files whose content is not the recorded one; every byte is read."""
    found = {}
    for name, files in shared.items():
        there = comparing.hashed(files, partial)
        broken = {path for path, file in files.items() if there[path] != file.state}
        if broken:
            found[name] = broken
    return found
