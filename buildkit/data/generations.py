"""Generations on the disk: which one is current, the switch to the next, and what may be deleted.

`current` is a symbolic link that is replaced by one rename, so a reader sees the whole old or the whole new generation.
A reader that wants one generation for longer resolves the link once. The generation before the current one stays.
"""

from __future__ import annotations

import contextlib
import os
import re
import sys
import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from buildkit.data import journal, outputs, sight
from buildkit.data import manifest as manifests
from buildkit.data.manifest import Manifest, StageRecord
from buildkit.data.pipeline import MANIFEST
from buildkit.doors import files, reading
from buildkit.errors import DataError
from buildkit.trees import comparing, folders, sealing

PARTIAL = ".partial"
READ = "read"
"""The file that says when all of the data was last read to its end."""

_SWITCH = ".current."
_NAME = re.compile(rf"([0-9]{{6,18}})-[0-9]{{8,9}}T[0-9]{{6}}(?:{re.escape(PARTIAL)})?")

ASIDE = "current.aside"
"""How the name begins under which what stood in the place of the link is kept."""

_OWN = frozenset({"generations", "current", "leases", "lease.lock", "read.lock", "inputs.json", READ, "pull"})


def owns(name: str) -> bool:
    """Return whether a name in the data's folder is the suite's own; anything else may be an input."""
    return name in _OWN or name.startswith((_SWITCH, ASIDE)) or (name.startswith(".") and name.endswith(".tmp"))


def require_own(folder: Path) -> None:
    """See that what is made and deleted at every turn lies in the data's folder: else it is somebody else's.

    Raises:
        DataError: one is a link.
    """
    for name in ("leases", "pull"):  # whose `generations` lie on another disk has put them there
        if (folder / name).is_symlink():
            raise DataError(
                f"data: {folder / name} is a link, and the suite deletes what lies in it",
                hint="let the folder of the data as a whole lie where there is room: path in [tool.buildkit.data]",
            )


def folder_of(folder: Path) -> Path:
    """Return the folder of all generations."""
    return folder / "generations"


def place_of(folder: Path, name: str) -> Path | None:
    """Return where the generation of this name lies; None if no generation has such a name."""
    place = folder_of(folder) / name
    return place if _number(place) and not name.endswith(PARTIAL) else None


def current(folder: Path) -> Path | None:
    """Return the folder of the current generation, None if there is none.

    It is the one that the link `current` leads to. Where a copy of the volume made a folder of the link, lost it, or
    bent it, it is the newest that is whole (`buildkit.data.order` puts the link back).
    """
    return linked(folder) or newest(folder)


def linked(folder: Path) -> Path | None:
    """Return the generation that the link `current` leads to; None where there is no link, or it leads elsewhere.

    Raises:
        PermissionError: this user may not look.
    """
    try:
        place = folder / (folder / "current").readlink()
    except PermissionError:
        raise  # nobody knows what is there
    except OSError:
        return None
    if place.parent != folder_of(folder) and place.parent.resolve() != folder_of(folder).resolve():
        return None
    place = folder_of(folder) / place.name
    return place if _is_folder(place) and not place.name.endswith(PARTIAL) else None


def newest(folder: Path) -> Path | None:
    """Return the newest generation whose manifest and files are there by their size, else a copy under `current`."""
    places = [place for place in all_of(folder) if not place.name.endswith(PARTIAL)]
    return next((place for place in [*places, folder / "current"] if _is_there(place)), None)


def _is_there(generation: Path) -> bool:
    try:
        manifest = load(generation)
    except manifests.NewerSchema:
        return True
    return manifest is not None and all(
        comparing.is_there(record.files, generation) for record in manifest.stages.values()
    )


def load(generation: Path) -> Manifest | None:
    """Return the manifest of a generation, None if it has none that is whole.

    Raises:
        NewerSchema: a newer suite wrote it.
    """
    try:
        return manifests.parse(reading.read_text(generation / MANIFEST, most=manifests.MOST))
    except (OSError, UnicodeDecodeError):
        return None


def all_of(folder: Path) -> list[Path]:
    """Return the folders of all generations, whole and partial, newest first."""
    with contextlib.suppress(OSError):
        places = [place for place in folder_of(folder).iterdir() if _number(place) and _is_folder(place)]
        return sorted(places, key=_number, reverse=True)
    return []


def partial_ones(folder: Path, below: int) -> list[Path]:
    """Return the folders of partial generations with a lower number: what a crash left, or a worker taken for dead."""
    return [place for place in all_of(folder) if place.name.endswith(PARTIAL) and _number(place) < below]


def older(folder: Path, current: Path | None, below: int = sys.maxsize) -> list[Path]:
    """Return the generations with a lower number, partial ones left out, that are not the current one; newest first."""
    return [
        place
        for place in all_of(folder)
        if place != current and not place.name.endswith(PARTIAL) and _number(place) < below
    ]


def spare(folder: Path, below: int) -> Iterator[Path]:
    """Yield what a full volume can do without, first what is missed least: partial generations, then older ones.

    Where the current one is not whole, one before it is the last good data, and none of them is spare.
    """
    yield from reversed(partial_ones(folder, below))
    yield from dispensable(folder, below)


def dispensable(folder: Path, below: int) -> list[Path]:
    """Return the older generations that nobody would go back to, as the current one is whole; oldest first."""
    now = current(folder)
    return older(folder, now, below)[::-1] if now is not None and is_whole(now) else []


def is_whole(generation: Path) -> bool:
    """Return whether a generation has its manifest and every file by size and time."""
    try:
        manifest = load(generation)
    except manifests.NewerSchema:
        return False
    return manifest is not None and all(
        comparing.on_disk(record.files, generation, None) == record.outputs for record in manifest.stages.values()
    )


def mend(folder: Path) -> None:
    """Put back in the current generation what a copy of the volume lost without touching content; under the lease."""
    now = current(folder)
    if now is None:
        return
    with contextlib.suppress(manifests.NewerSchema):
        manifest = load(now)
        for record in manifest.stages.values() if manifest else ():
            sealing.mend(record.files, now)


def new(folder: Path, number: int, now: float) -> Path:
    """Make the empty partial folder of generation `number`."""
    stamp = time.strftime("%Y%m%dT%H%M%S", time.gmtime(now))
    place = folder_of(folder) / f"{number:06d}-{stamp}{PARTIAL}"
    place.mkdir(parents=True)
    return place


def highest_number(folder: Path) -> int:
    """Return the highest number of a generation, whole or partial; 0 if there is none."""
    return max((_number(place) for place in all_of(folder)), default=0)


def keep_record(partial: Path, record: StageRecord) -> None:
    """Record a finished stage in its partial generation, so that the next attempt need not run it again."""
    files.write(outputs.aside_of(partial) / f"{record.name}.json", manifests.stage_text(record), durable=True)


@dataclass(frozen=True, slots=True)
class Places:
    """Where a stage in pieces is made: what each piece writes into, what is finished, and the journal of it.

    All of it lies beside the partial generation, so that no piece sees the result of another.
    """

    work: Path
    done: Path
    journal: Path


def of_pieces(partial: Path, stage: str) -> Places:
    """Return the places of a stage in a partial generation."""
    aside = outputs.aside_of(partial)
    return Places(aside / f"{stage}.work", aside / f"{stage}.done", aside / f"{stage}{journal.ENDING}")


def finished(folder: Path, besides: Path | None) -> Iterator[tuple[Path, StageRecord]]:
    """Yield every stage that any other generation holds: the one before, one that was never switched to, a partial one.

    Of a stage in pieces that was cut short, the record names those that were finished.

    Args:
        folder: the data's folder.
        besides: the generation to leave out.
    """
    for place in all_of(folder):
        if place == besides:
            continue
        if place.name.endswith(PARTIAL):
            sight.put_back(place)
            aside = outputs.aside_of(place)
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


def commit(folder: Path, partial: Path, manifest: Manifest, confirm: Callable[[], None]) -> Path:
    """Turn `partial` into the current generation: manifest, name, link; each on the disk before the next.

    Args:
        folder: the data's folder.
        partial: what was made.
        manifest: what it is.
        confirm: called once all is ready but the names; raises if somebody else works here by now. Who begins after
            it has returned deletes the link that was made before it, so that this process cannot switch any more.

    Raises:
        FileNotFoundError: somebody else has begun since and took it away.
    """
    folders.remove_tree(outputs.aside_of(partial))
    folders.sync_tree(partial)
    files.write(partial / MANIFEST, manifests.text_of(manifest), mode=0o444, durable=True)
    whole = partial.with_name(manifest.generation)
    fresh = _new_link(folder, whole)
    confirm()
    partial.rename(whole)
    files.sync_folder(whole.parent)
    _switch(folder, fresh)
    return whole


def switch_back(folder: Path, generation: Path) -> None:
    """Let `current` lead to a whole generation that was there before, at once and for good; under the lease alone."""
    _switch(folder, _new_link(folder, generation))


def _new_link(folder: Path, generation: Path) -> Path:
    fresh = folder / f"{_SWITCH}{generation.name}"
    files.remove(fresh)
    fresh.symlink_to(generation.relative_to(folder))
    return fresh


def _switch(folder: Path, fresh: Path) -> None:
    fresh.replace(folder / "current")
    files.sync_folder(folder)


def try_to_switch(folder: Path) -> None:
    """Make a link as `current` is one, and delete it: nobody is to find out at the end of hours of work.

    Raises:
        OSError: links cannot be made.
    """
    probe = folder / f"{_SWITCH}probe"
    files.remove(probe)
    probe.symlink_to("generations")
    files.remove(probe)


def forbid_switches(folder: Path) -> None:
    """Take from whoever worked here before the link with which it would switch."""
    for left in folder.glob(f"{_SWITCH}*"):
        files.remove(left)


def tidy(folder: Path, previous: Path | None) -> None:
    """Delete all generations before the current one but `previous`, which a reader may still have open."""
    now = current(folder)
    for place in all_of(folder):
        if now is not None and place not in {now, previous} and _number(place) < _number(now):
            delete(place)
    _sweep(folder)


def delete(generation: Path) -> None:
    """Delete a generation; its manifest goes first, so that a deletion that is cut short leaves no whole one."""
    folders.remove_tree(outputs.aside_of(generation))
    files.remove(generation / MANIFEST)
    folders.remove_tree(generation)


def _sweep(folder: Path) -> None:
    """Delete what lay beside partial generations that are gone."""
    for place in folder_of(folder).glob(f".*{outputs.ASIDE}"):
        if not place.with_name(place.name[1 : -len(outputs.ASIDE)]).exists():
            folders.remove_tree(place)


def clear(folder: Path) -> list[str]:
    """Delete all that was made, the current generation first of all; return the names of the generations.

    Where there is none nothing was made, and what lies there is somebody else's; so is what stands in the place of the
    link, unless it is a copy of a generation.
    """
    found = all_of(folder)
    for place in (folder / "current", *folder.glob(f"{ASIDE}*")):
        if (found and place.is_symlink()) or (not place.is_symlink() and _is_copy(place)):
            folders.remove_tree(place)
    if not found:
        return []
    for place in found:
        delete(place)
    _sweep(folder)
    files.remove(folder / "inputs.json")
    files.remove(folder / READ)
    return [place.name for place in found]


def strangers(partial: Path, records: dict[str, StageRecord]) -> Iterator[str]:
    """Yield everything in `partial` that no stage recorded, as a relative path; of a whole folder its own alone."""
    return unknown(partial, {path for record in records.values() for path in record.files})


def unknown(top: Path, known: Collection[str]) -> Iterator[str]:
    """Yield everything under `top` that is neither in `known` nor above it, as a relative path."""
    holding = {*known, *(parent for path in known for parent in _above(path))}
    waiting = [""]
    while waiting:
        folder = waiting.pop()
        with os.scandir(top / folder) as entries:
            for entry in entries:
                path = f"{folder}/{entry.name}" if folder else entry.name
                if path not in holding:
                    yield path
                elif entry.is_dir(follow_symlinks=False):
                    waiting.append(path)


def _above(path: str) -> Iterator[str]:
    while "/" in path:
        path = path.rpartition("/")[0]
        yield path


def _number(place: Path) -> int:
    """Return the number in the name of a generation; 0 for anything else that lies there, which is somebody else's."""
    name = _NAME.fullmatch(place.name)
    return int(name[1]) if name else 0


def _is_folder(place: Path) -> bool:
    """Return whether it is a folder, and no link to one: that may be anybody's."""
    return place.is_dir() and not place.is_symlink()


def _is_copy(place: Path) -> bool:
    try:
        return load(place) is not None
    except manifests.NewerSchema:
        return True
