"""Compares the current generation with its manifest: by size and time, or by every byte.

Silent corruption on a disk changes neither size nor time. So every byte is read now and then, and a file that is found
damaged gets a new time: from then on every look reads it, and its stage is due.
"""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path

from buildkit.data.stages import digests
from buildkit.data.stages.digests import Digests
from buildkit.data.stages.pipeline import Pipeline
from buildkit.data.status import scrub
from buildkit.data.status.look import newer
from buildkit.data.volume import current_link, generations
from buildkit.data.volume.manifest import Manifest, NewerSchema, StageRecord
from buildkit.doors import clock
from buildkit.doors.clock import Stopwatch
from buildkit.errors import DataError
from buildkit.model import ABSENT, Outcome, Reason
from buildkit.trees import comparing

_MEND = "invoke data"
_MAKE = f"make it anew with: {_MEND}"


@dataclass(frozen=True, slots=True)
class Verification:
    """The manifest, an outcome for each stage (`fresh` or `damaged`), and every damaged file with the reason."""

    manifest: Manifest
    outcomes: tuple[Outcome, ...]
    damage: tuple[str, ...]


def verify(pipeline: Pipeline, *, deep: bool = False, record: bool = True) -> Verification:
    """Compare the current generation with its manifest.

    Args:
        pipeline: gives the data's folder.
        deep: read every byte instead of trusting size and time.
        record: record the time when everything was read without damage.

    Raises:
        DataError: there is no generation, or it has no manifest.
    """
    generation = generations.current(pipeline.folder)
    wrong = current_link.problem(pipeline.folder)
    if wrong and generation is not None:
        raise DataError(f"data: {pipeline.folder / 'current'} is {wrong}", hint=f"put it in order: {_MEND}")
    if generation is None:
        raise DataError(f"data: there is none in {pipeline.folder}", hint=_MAKE)
    try:
        manifest = generations.load(generation)
    except NewerSchema:
        raise newer(f"generation {generation.name}") from None
    if manifest is None:
        raise DataError(f"data: generation {generation.name} has no whole manifest", hint=_MAKE)
    cache = digests.beside(pipeline.folder)
    began = clock.now()
    outcomes = []
    damage: list[str] = []
    for its in manifest.stages.values():
        watch = Stopwatch()
        found = _damage(its, generation, cache, deep=deep)
        damage += found
        count = len(its.files)
        files = f"{count} {'file' if count == 1 else 'files'}"
        reason = (
            Reason("output damaged", found[0]) if found else Reason("read to the end" if deep else "in place", files)
        )
        outcomes.append(Outcome(its.name, "damaged" if found else "fresh", reason, watch.seconds))
    if deep and record and not damage:
        scrub.record(pipeline.folder, began)
    return Verification(manifest, tuple(outcomes), tuple(damage))


def require_whole(verdict: Verification) -> None:
    """Raise an error if the verdict lists damage.

    Raises:
        DataError: at least one file is damaged.
    """
    if verdict.damage:
        count = len(verdict.damage)
        raise DataError(
            f"data: {count} {'file is' if count == 1 else 'files are'} missing or damaged",
            details=verdict.damage[:20],
            hint=_MAKE,
        )


def _damage(record: StageRecord, generation: Path, cache: Digests, *, deep: bool) -> list[str]:
    found = comparing.hashed(record.files, generation) if deep else comparing.on_disk(record.files, generation, cache)
    wrong = {path: found[path] for path, digest in record.outputs.items() if found[path] != digest}
    for path in (path for path in wrong if deep and record.files[path].is_file):
        with contextlib.suppress(OSError):  # a volume that is read-only, or a file that is gone
            os.utime(generation / path)
    return [f"{path} ({'missing' if digest == ABSENT else 'damaged'})" for path, digest in wrong.items()]
