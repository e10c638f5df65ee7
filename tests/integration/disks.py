"""Disks that a machine need not have: XFS and Btrfs, which can share blocks, in a sparse file; a memory disk."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from buildkit.doors import process

MEMORY = "tmpfs"
MAKE = {"xfs": ("mkfs.xfs", "-q", "-m", "reflink=1"), "btrfs": ("mkfs.btrfs", "-q")}
"""How each file system is made whose files can share blocks."""

FILLER = "filler"

_BYTES = 320 << 20  # mkfs.xfs makes none below 300 MB
_PATH = ":/usr/sbin:/sbin"  # where Debian keeps mkfs


@contextlib.contextmanager
def mounted(kind: str, folder: Path) -> Iterator[None]:
    """Mount an empty disk at `folder`: one megabyte of memory, or a new file system in a file beside the folder.

    Raises:
        PermissionError: this user may not mount.
        FileNotFoundError: there is no such mkfs.
    """
    folder.mkdir(exist_ok=True)
    image = folder.with_name(f"{folder.name}.{kind}")
    options = ["-t", "tmpfs", "-o", "size=1m,nr_inodes=500", "tmpfs"]
    if kind in MAKE:
        with image.open("wb") as file:
            file.truncate(_BYTES)
        made = process.run([*MAKE[kind], str(image)], environment={**os.environ, "PATH": os.environ["PATH"] + _PATH})
        assert made.ok, made.stderr
        options = ["-t", kind, "-o", "loop", str(image)]
    taken = process.run(["mount", *options, str(folder)])
    if not taken.ok:
        raise PermissionError(taken.stderr)
    try:
        yield
    finally:
        process.run(["umount", "-l", str(folder)])
        image.unlink(missing_ok=True)


def used(folder: Path) -> int:
    """Return how many bytes of the disk are taken, once all is on it."""
    settle(folder)
    room = os.statvfs(folder)
    return (room.f_blocks - room.f_bfree) * room.f_frsize


def leave(folder: Path, room: int) -> None:
    """Take the whole disk but so many bytes with one file; Btrfs keeps file names and small files elsewhere."""
    with (folder / FILLER).open("ab") as filler:
        size, step = filler.tell(), 1 << 28
        while step >= 1 << 12:
            try:
                os.posix_fallocate(filler.fileno(), size, step)
                size += step
            except OSError:  # noqa: PERF203
                step //= 2
        filler.truncate(max(0, size - room))
    settle(folder)


def settle(folder: Path) -> None:
    """Wait until the disk has everything; Btrfs gives back what was deleted only then."""
    assert process.run(["sync", "-f", str(folder)]).ok
