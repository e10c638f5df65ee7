"""Chooses the entries to delete: those not used for long, and the least recently used while the store is too large.

Where room is wanted, objects go first: they are what extensions were linked from, so a restore does without them.
An action goes before the blobs that it alone names, so a process that is killed half-way leaves no action without its
blob. Other builds may work meanwhile: an entry that vanishes under them is one that was never there.
"""

from __future__ import annotations

import contextlib
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from buildkit.doors import files, locks, reading
from buildkit.model import Digest, Reason
from buildkit.store.artifacts import BLOBS, MOST_ACTION, parse_action
from buildkit.store.inventory import Inventory, StoredFile

GRACE = 3600.0
"""Seconds that a blob may wait for the action that names it, and a file for the process that writes it."""

OLD = "not used for long"
OVER = "over the size limit"
UNNAMED = "no action names it"
UNFINISHED = "left by a process that was killed"

_HOUR = 3600.0
_DAY = 86400.0
_MARK = "pruned"


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of the store.

    Args:
        size: bytes; 0 for no limit.
        age: seconds since the last use; 0 for no limit.
    """

    size: int
    age: float


@dataclass(frozen=True, slots=True)
class Pruned:
    """The result of a pruning.

    Args:
        gone: the entries that went, each with its reason.
        freed: bytes that went.
        kept: bytes that stayed.
        is_tight: whether something went for the lack of room that had been used within an hour.
    """

    gone: tuple[tuple[StoredFile, Reason], ...]
    freed: int
    kept: int
    is_tight: bool


def exceeded(found: Inventory, limits: Limits, now: float) -> bool:
    """Return whether anything must be deleted, as far as can be told without reading entries."""
    return (
        bool(limits.size and found.size > limits.size)
        or any(_is_old(entry, limits, now) for entry in found.actions)
        or any(now - entry.used > GRACE for entry in found.unfinished)
    )


def choose(
    found: Inventory, limits: Limits, now: float, blobs_of: Callable[[StoredFile], Iterable[Digest]]
) -> Iterator[tuple[StoredFile, Reason]]:
    """Yield the entries to delete, each with the reason, in order of deletion.

    Args:
        found: what there is.
        limits: what may stay.
        now: in seconds since 1970.
        blobs_of: gives the digests that an action names.
    """
    named = {entry.name: frozenset(blobs_of(entry)) for entry in found.actions}
    owners = Counter(digest for digests in named.values() for digest in digests)
    blobs: dict[Digest, list[StoredFile]] = {}
    for entry in found.blobs:
        blobs.setdefault(entry.name, []).append(entry)
    size = found.size
    yield from ((entry, Reason(UNFINISHED)) for entry in found.unfinished if now - entry.used > GRACE)
    for entry in [entry for entry in found.blobs if not owners[entry.name] and now - entry.used > GRACE]:
        size -= entry.size
        yield entry, Reason(UNNAMED)
    for entry in _objects_over(found, limits, size):
        if owners[entry.name]:
            size -= entry.size
            blobs[entry.name].remove(entry)
            yield entry, Reason(OVER)
    for entry in sorted(found.actions, key=_by_use):
        old = _is_old(entry, limits, now)
        if not old and not (limits.size and size > limits.size):
            return
        owners.subtract(named[entry.name])
        alone = [blob for digest in sorted(named[entry.name]) if not owners[digest] for blob in blobs.get(digest, ())]
        for gone in (entry, *alone):
            size -= gone.size
            yield gone, Reason(OLD if old else OVER)


def _objects_over(found: Inventory, limits: Limits, size: int) -> Iterator[StoredFile]:
    """Give the objects that have to go until `size` bytes are as few as may stay, the least recently used first."""
    for entry in sorted((entry for entry in found.blobs if entry.is_object), key=_by_use):
        if not limits.size or size <= limits.size:
            return
        size -= entry.size
        yield entry


def blobs_named(entry: StoredFile) -> Iterator[Digest]:
    """Give the digests of the blobs that the action names; none if it is gone or damaged."""
    with contextlib.suppress(OSError):
        for made in parse_action(reading.read(entry.path, most=MOST_ACTION)) or ():
            yield from (Digest(made[name]) for name in BLOBS if made.get(name))
            yield from map(Digest, made.get("outputs", ()))


def prune(found: Inventory, limits: Limits, now: float, *, dry_run: bool) -> Pruned:
    """Delete what is to go.

    Args:
        found: what there is.
        limits: what may stay.
        now: in seconds since 1970.
        dry_run: delete nothing.

    Raises:
        OSError: an entry cannot be deleted.
    """
    gone, freed, tight = [], 0, False
    for entry, reason in choose(found, limits, now, blobs_named):
        if not dry_run:
            files.remove(entry.path)
        freed += entry.size
        tight |= reason.kind == OVER and now - entry.used < _HOUR
        gone.append((entry, reason))
    if not dry_run:
        discard_locks(found)
    return Pruned(tuple(gone), freed, found.size + sum(each.size for each in found.unfinished) - freed, tight)


def discard_locks(found: Inventory) -> None:
    """Delete the lock files that no process holds."""
    for path in found.locks:
        locks.discard(path)


def take_turn(folder: Path, now: float) -> bool:
    """Return whether the last pruning is more than a day ago; a store that was never pruned gets its mark now.

    Args:
        folder: the store's.
        now: in seconds since 1970.

    Raises:
        OSError: the mark that others go by cannot be set.
    """
    try:
        age = abs(now - (folder / _MARK).stat().st_mtime)
    except FileNotFoundError:
        age = None
    if age is None or age > _DAY:
        set_mark(folder)
    return age is not None and age > _DAY


def set_mark(folder: Path) -> None:
    """Set the time of the last pruning to now, so that other processes do not prune as well."""
    files.make_own_folder(folder)
    (folder / _MARK).touch(files.MODE)
    os.utime(folder / _MARK)


def _by_use(entry: StoredFile) -> tuple[float, Digest]:
    return entry.used, entry.name


def _is_old(entry: StoredFile, limits: Limits, now: float) -> bool:
    return bool(limits.age) and now - entry.used > limits.age
