"""Bytecode that Python may take for that of a source which has changed since: deleted before a stage runs.

Python knows a source again by its size and by the whole second of its time. Where a source is saved twice in one second
and keeps its length, the bytecode of the first text counts for the second one, and a stage would make its files from
code that is gone.
Source: https://docs.python.org/3/reference/import.html#cached-bytecode-invalidation
"""

from __future__ import annotations

import contextlib
import glob
from collections.abc import Iterable
from pathlib import Path

from buildkit.data.stages.pipeline import Pipeline

_UNSURE = 2.0
"""Seconds after a source's time in which its bytecode is not trusted; the times of some disks are coarse."""


def drop_unsure(pipeline: Pipeline, parts: Iterable[str]) -> None:
    """Delete the bytecode that was written right after its source; Python compiles such a source again.

    What may not be deleted stays.

    Args:
        pipeline: where the project and its source root are.
        parts: what a stage's fingerprint is made of; those that begin with `code ` name sources.
    """
    for part in parts:
        kind, _, path = part.partition(" ")
        if kind == "code" and path.endswith(".py"):
            for folder in {pipeline.source_root, pipeline.root}:
                _drop(folder / path)


def _drop(source: Path) -> None:
    with contextlib.suppress(OSError):
        limit = source.stat().st_mtime + _UNSURE
        for file in (source.parent / "__pycache__").glob(f"{glob.escape(source.stem)}.*.pyc"):
            if file.stat().st_mtime < limit:
                file.unlink()
