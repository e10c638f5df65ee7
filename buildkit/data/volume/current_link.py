"""Repairs the data's folder when `current` is no longer a link to a generation.

That happens when the volume is copied by a tool that follows links (`rsync -L`, `kubectl cp`), loses them (object
storage), or bends them (another folder, absolute paths). Nothing is lost: a folder that is the only copy of a
generation becomes that generation again, anything else that stands in the place of the link is put aside under a name
that says so.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

from buildkit.data import names
from buildkit.data.stages.digests import Digests
from buildkit.data.volume import generations, lease, switching
from buildkit.data.volume.lease import Lease
from buildkit.data.volume.manifest import NewerSchema
from buildkit.errors import DataError
from buildkit.trees import comparing

Say = Callable[[str], None]

_NO_LINKS = frozenset({errno.EPERM, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL})


def problem(folder: Path) -> str:
    """Return what is wrong with `current`; empty if it is a link to a generation, or there is no data."""
    place = folder / "current"
    if generations.linked(folder) is not None:
        return ""
    if place.is_symlink():
        words = f"a link to {place.readlink()}, where no generation is"
    elif place.is_dir():
        words = "a folder, no link"
    else:
        words = "a file, no link" if place.exists() else "missing"
    if words == "missing" or place.is_symlink():
        return words if generations.newest(folder) is not None else ""
    return words


def repair(folder: Path, holder: Lease, say: Say) -> None:
    """Make `current` a link to the newest complete generation, unless it already is a link to one.

    Args:
        folder: the data's folder.
        holder: the lease on it.
        say: called with each progress line.

    Raises:
        DataError: something that is not the suite's stands in the place of the link, or the volume cannot hold links.
        OSError: the folder cannot be written.
    """
    wrong = problem(folder)
    if not wrong:
        return
    newest = generations.newest(folder)
    place = folder / "current"
    if newest is None:
        raise DataError(
            f"data: {place} is {wrong}, and it is none of the suite's data",
            hint="move it away, or give the data a folder of its own: path in [tool.buildkit.data]",
        )
    holder.claim()
    say(f"data: current is {wrong}: putting it in order")
    if newest == place:
        newest = _adopt(folder)
    elif not place.is_symlink() and place.exists():
        aside = _aside(folder)
        place.rename(aside)
        say(f"data: what it was is {aside.name} now: delete it when nothing in it is missed")
    switching.switch_back(folder, newest)
    say(f"data: current is generation {newest.name}")


def require_symlinks(folder: Path) -> None:
    """Check, before any work, that the link `current` can be switched at the end.

    Raises:
        DataError: the volume has no links.
        OSError: the folder cannot be written.
    """
    try:
        switching.try_to_switch(folder)
    except OSError as error:
        if error.errno not in _NO_LINKS or not os.access(folder, os.W_OK):
            raise
        raise DataError(
            f"data: no symbolic link can be made in {folder}: {error.strerror}",
            hint="`current` is one: put the data on a volume that has them, unlike vfat, exFAT and some SMB mounts",
        ) from None


def is_copy_of(folder: Path, generation: Path, cache: Digests) -> bool:
    """Return whether the folder in the place of the link is a complete copy of `generation`.

    Args:
        folder: the data's folder, which this process cannot write.
        generation: the current one.
        cache: the digest cache.
    """
    place = folder / "current"
    try:
        own, other = generations.load(place), generations.load(generation)
    except NewerSchema:
        return False
    return (
        own is not None
        and own == other
        and all(comparing.on_disk(stage.files, place, cache) == stage.outputs for stage in own.stages.values())
    )


def repair_under_lease(folder: Path, say: Say) -> None:
    """Take the lease and do what `repair` does."""
    with lease.held(folder, wait=None) as holder:
        repair(folder, holder, say)


def _adopt(folder: Path) -> Path:
    """Make a generation of a folder that is the only copy of it."""
    place = folder / "current"
    manifest = generations.load(place)
    target = generations.place_of(folder, manifest.generation) if manifest else None
    if target is None or target.exists():
        raise DataError(
            f"data: {place} is a folder, and its manifest names no generation",
            hint="move it away, and make the data anew with: invoke data",
        )
    target.parent.mkdir(exist_ok=True)
    place.rename(target)
    return target


def _aside(folder: Path) -> Path:
    number = 1
    while True:
        place = folder / (names.ASIDE if number == 1 else f"{names.ASIDE}-{number}")
        if not place.exists() and not place.is_symlink():
            return place
        number += 1
