"""The outputs of one stage: deleted before it runs, sealed afterwards, shared with the next generation."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from buildkit.data.stages.pipeline import Stage
from buildkit.data.volume.manifest import StageRecord
from buildkit.errors import StageError
from buildkit.trees import folders, listing, sealing
from buildkit.trees.entry import File, Found, Refused

ASIDE = ".aside"
"""The ending of the name of the folder beside a partial generation."""


def prepare(stage: Stage, generation: Path) -> None:
    """Delete what an interrupted run of the stage left, and make the folders that it writes into."""
    remove(stage, generation)
    for output in stage.outputs:
        place = generation / output
        folders.make_deep_folder(place if output.endswith("/") else place.parent)


def remove(stage: Stage, generation: Path) -> None:
    """Delete the outputs of a stage."""
    for output in stage.outputs:
        folders.remove_tree(generation / output)


def seal(stage: Stage, generation: Path) -> dict[str, File]:
    """Make the outputs of a stage read-only, put them on the disk, and return them by path.

    Later generations share them through hard links, so they must not be edited in place.

    Raises:
        StageError: a declared output is not there, or it holds something that cannot be an output.
    """
    return sealing.sealed_all(
        [each for output in stage.outputs for each in _declared(stage, output, generation)], generation
    )


def share(record: StageRecord, source: Path, generation: Path) -> StageRecord:
    """Share the files of a finished stage of one generation with another, and return its record there."""
    return replace(record, files=sealing.share(record.files, source, generation))


def sidecar_of(generation: Path) -> Path:
    """Return the folder beside a partial generation that no stage sees.

    It holds the records of finished stages, and files that are being moved or linked.
    """
    return generation.with_name(f".{generation.name}{ASIDE}")


def _declared(stage: Stage, output: str, generation: Path) -> list[Found]:
    try:
        found = sorted(listing.kept(output, generation), key=lambda each: each.path)
    except Refused as refused:
        raise StageError(f'stage {stage.name}: its output "{refused.path}" {refused.why}', hint=refused.hint) from None
    if not found:
        raise StageError(
            f'stage {stage.name}: it ran, but its output "{output}" is not there',
            hint="write it under PYBUILDKIT_DATA_OUT (the argument `out` of a callable), or mend `outputs`",
        )
    return found
