"""The finished stages and pieces of generations that are not complete: the next attempt reuses them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from buildkit.data import names
from buildkit.data.volume import isolation, journal, outputs
from buildkit.data.volume import manifest as manifests
from buildkit.data.volume.generations import (
    all_of,
    load,
)
from buildkit.data.volume.manifest import StageRecord
from buildkit.doors import files, reading


def keep_record(partial: Path, record: StageRecord) -> None:
    """Record a finished stage in its partial generation, so that the next attempt need not run it again."""
    files.write(outputs.sidecar_of(partial) / f"{record.name}.json", manifests.stage_text(record), durable=True)


@dataclass(frozen=True, slots=True)
class Places:
    """The paths at which a stage in pieces is made: the pieces' working folders, the finished files, and the journal.

    All of it lies beside the partial generation, so that no piece sees the result of another.
    """

    work: Path
    done: Path
    journal: Path


def of_pieces(partial: Path, stage: str) -> Places:
    """Return the places of a stage in a partial generation."""
    aside = outputs.sidecar_of(partial)
    return Places(aside / f"{stage}.work", aside / f"{stage}.done", aside / f"{stage}{journal.ENDING}")


def recorded_stages(folder: Path, besides: Path | None) -> Iterator[tuple[Path, StageRecord]]:
    """Yield the stage records of all other generations, complete or partial, each with the folder that holds its files.

    The record of an interrupted stage in pieces names its finished pieces.

    Args:
        folder: the data's folder.
        besides: the generation to leave out.
    """
    for place in all_of(folder):
        if place == besides:
            continue
        if place.name.endswith(names.PARTIAL):
            isolation.put_back(place)
            aside = outputs.sidecar_of(place)
            for file in sorted(aside.glob("*.json")):
                with contextlib.suppress(OSError):
                    record = manifests.parse_stage(reading.read_text(file, errors="replace", most=manifests.MOST))
                    if record is not None:
                        yield place, record
            for file in sorted(aside.glob(f"*{journal.ENDING}")):
                record = journal.read(file)
                if record is not None:
                    yield from ((home, record) for home in (of_pieces(place, record.name).done, place))
        else:
            with contextlib.suppress(manifests.NewerSchema):
                manifest = load(place)
                for record in manifest.stages.values() if manifest else ():
                    yield place, record
