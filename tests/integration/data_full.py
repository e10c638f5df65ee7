"""A volume with room for 0, 1, 2 … pages: what a refresh on it leaves."""

from __future__ import annotations

import itertools
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import disks
from data_stages import SECOND, content, leftovers, pipeline_in, renew

from buildkit.data.stages.pipeline import Stage
from buildkit.data.status.verify import require_whole, verify
from buildkit.doors import process
from buildkit.errors import StageError


@dataclass
class Full:
    """What was counted."""

    what: str
    refused: int = 0
    old: int = 0
    faults: list[str] = field(default_factory=list)
    words: set[str] = field(default_factory=set)

    def __str__(self) -> str:
        return (
            f"{self.refused} times too few {self.what}: the whole old generation was there {self.old} times, and the "
            f"next refresh went through once there was room; {len(self.faults)} faults"
        )


def fill_everywhere(place: Path, *, inodes: bool = False, every: int = 1, kind: str = disks.MEMORY) -> Full:
    """Refresh on a volume with room for 0, 1, 2 … more pages (or files) until it succeeds.

    Args:
        place: an empty folder.
        inodes: run out of files instead of bytes.
        every: grow by so many.
        kind: of the disk; what a stage writes there takes a page for each of its files at least.

    Raises:
        PermissionError: this user may not mount.
        FileNotFoundError: the program that makes such a disk is not there.
    """
    found = Full("files" if inodes else "pages")
    pipeline = pipeline_in(place / "project")
    if kind != disks.MEMORY:
        pipeline = replace(pipeline, stages=_large(pipeline.stages))
    kept, folder = place / "kept", pipeline.folder
    with disks.mounted(kind, folder):
        renew(pipeline)
        old = content(pipeline)
        (pipeline.root / "in.txt").write_text(SECOND)
        shutil.copytree(folder, kept, symlinks=True)
        for room in itertools.count(0, every):
            for entry in folder.iterdir():
                shutil.rmtree(entry) if entry.is_dir() and not entry.is_symlink() else entry.unlink()
            shutil.copytree(kept, folder, symlinks=True, dirs_exist_ok=True)
            _leave(folder, room, inodes=inodes)
            try:
                renew(pipeline)
            except StageError as error:
                found.refused += 1
                found.words.add(error.hint)
                if "the volume is full" not in error.hint:
                    found.faults.append(f"room {room}: {error.message}: {error.hint}")
            else:
                return found
            require_whole(verify(pipeline, deep=True))
            found.old += content(pipeline) == old
            (folder / disks.FILLER).unlink(missing_ok=True)
            if kind == disks.MEMORY:
                process.run(["mount", "-o", "remount,size=1m,nr_inodes=500", str(folder)])
            renew(pipeline)
            if content(pipeline) == old:
                found.faults.append(f"room {room}: the next refresh did not go through")
            if left := leftovers(pipeline):
                found.faults.append(f"room {room}: left behind {', '.join(left)}")
    raise AssertionError


def _large(stages: Sequence[Stage]) -> tuple[Stage, ...]:
    """Let the second stage write 100 kB for each line of the input: other disks keep tiny files beside the data."""
    script = "; for f in read/*; do head -c 100000 /dev/zero | tr '\\0' x > sort/large-${f#read/}; done"
    return tuple(
        replace(stage, run=("sh", "-ec", f"{stage.run[2]}{script}")) if stage.name == "sort" else stage
        for stage in stages
    )


def _leave(folder: Path, room: int, *, inodes: bool) -> None:
    """Leave room for so many pages, or files, on the volume."""
    usage = os.statvfs(folder)
    if inodes:
        process.run(["mount", "-o", f"remount,nr_inodes={usage.f_files - usage.f_ffree + room}", str(folder)])
    else:
        disks.leave(folder, room * usage.f_bsize)
