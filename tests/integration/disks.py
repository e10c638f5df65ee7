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
def mounted(kind: str, folder: Path, size: str = "1m") -> Iterator[None]:
    """Mount an empty disk at `folder`: one of memory, or a new file system in a file beside the folder.

    Args:
        kind: `MEMORY`, or a key of `MAKE`.
        folder: where; it is made where it is missing.
        size: of a disk of memory, as mount(8) takes it.

    Raises:
        PermissionError: this user may not mount.
        FileNotFoundError: there is no such mkfs.
    """
    folder.mkdir(exist_ok=True)
    image = folder.with_name(f"{folder.name}.{kind}")
    options = ["-t", "tmpfs", "-o", f"size={size},nr_inodes=500", "tmpfs"]
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


def fill(folder: Path) -> Path:
    """Take the disk of `folder` to its last byte with one file, and return that."""
    ballast = folder / "ballast"
    with ballast.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while file.write(b"x" * 4096):
            pass
    return ballast


@contextlib.contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """Make a tree read-only for the block, also for root: by the modes of its folders, and by a mount where it may."""
    folders = [folder, *(path for path in folder.rglob("*") if path.is_dir())]
    for each in folders:
        each.chmod(0o500)
    mounted = os.geteuid() == 0
    if mounted:
        assert process.run(["mount", "--bind", str(folder), str(folder)]).ok
        assert process.run(["mount", "-o", "remount,ro,bind", str(folder)]).ok
    try:
        yield
    finally:
        if mounted:
            assert process.run(["umount", str(folder)]).ok
        for each in folders:
            each.chmod(0o700)
