"""What is in a new generation and should not be: what was cut short, nobody declares, changed since, or is damaged."""

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
    """Give back the room that stages which were cut short still take.

    Args:
        pipeline: all stages.
        number: of this attempt; those before it are looked at.
        finished: the stages that stay, with where they lie.
    """
    stay = {(place, record.name) for place, record in finished}
    for place in generations.partial_ones(pipeline.folder, below=number):
        for stage in pipeline.stages:
            folders.remove_tree(unfinished.of_pieces(place, stage.name).work)
            if (place, stage.name) not in stay:
                outputs.clear(stage, place)


def drop_strangers(partial: Path, records: Mapping[str, StageRecord], say: Callable[[str], None]) -> None:
    """Delete what no stage recorded, and say so."""
    for path in list(listing.unknown(partial, {path for record in records.values() for path in record.files})):
        say(f"data: dropping {path}: no stage declares it as an output")
        folders.remove_tree(partial / path)


def require_unchanged(partial: Path, records: Mapping[str, StageRecord]) -> None:
    """See that no stage wrote into what another one had finished.

    Raises:
        StageError: one did.
    """
    for record in records.values():
        if comparing.on_disk(record.files, partial, None) != record.outputs:
            raise StageError(
                f"stage {record.name}: its files were changed after it had finished",
                hint="a later stage writes into them; let it write files of its own",
            )


def damaged(shared: Mapping[str, Mapping[str, File]], partial: Path) -> dict[str, set[str]]:
    """Return the shared files that, read to their end, are not what was recorded, by stage."""
    found = {}
    for name, files in shared.items():
        there = comparing.hashed(files, partial)
        broken = {path for path, file in files.items() if there[path] != file.state}
        if broken:
            found[name] = broken
    return found
