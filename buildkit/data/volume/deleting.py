"""Deletes generations: which may go, and in which order; never the current one before there is a newer one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from buildkit.data import names
from buildkit.data.volume import manifest as manifests
from buildkit.data.volume import outputs
from buildkit.data.volume.generations import (
    all_of,
    current,
    generations_folder,
    is_whole,
    load,
    number_of,
    older,
    partial_ones,
)
from buildkit.doors import files
from buildkit.errors import DataError
from buildkit.trees import folders


def refuse_links(folder: Path) -> None:
    """Check that none of the suite's own folders is a symbolic link, since files behind a link belong to somebody else.

    Raises:
        DataError: one is a link.
    """
    for name in ("leases", "pull"):  # `generations` may be a link: its owner has put them on another disk
        if (folder / name).is_symlink():
            raise DataError(
                f"data: {folder / name} is a link, and the suite deletes what lies in it",
                hint="let the folder of the data as a whole lie where there is room: path in [tool.buildkit.data]",
            )


def deletable(folder: Path, below: int) -> Iterator[Path]:
    """Yield the generations that may be deleted on a full volume: partial ones first, then older ones.

    If the current generation is not complete, an older one is the last good data, so no complete one is yielded.
    """
    yield from reversed(partial_ones(folder, below))
    yield from deletable_whole(folder, below)


def deletable_whole(folder: Path, below: int) -> list[Path]:
    """Return the older complete generations, oldest first; none if the current one is damaged.

    A start may fall back on them then.
    """
    now = current(folder)
    return older(folder, now, below)[::-1] if now is not None and is_whole(now) else []


def tidy(folder: Path, previous: Path | None) -> None:
    """Delete all generations before the current one but `previous`, which a reader may still have open."""
    now = current(folder)
    for place in all_of(folder):
        if now is not None and place not in {now, previous} and number_of(place) < number_of(now):
            delete(place)
    _sweep(folder)


def delete(generation: Path) -> None:
    """Delete a generation; its manifest goes first, so that an interrupted deletion leaves no complete one."""
    folders.remove_tree(outputs.sidecar_of(generation))
    files.remove(generation / names.MANIFEST)
    folders.remove_tree(generation)


def _sweep(folder: Path) -> None:
    """Delete the folders beside partial generations that no longer exist."""
    for place in generations_folder(folder).glob(f".*{outputs.ASIDE}"):
        if not place.with_name(place.name[1 : -len(outputs.ASIDE)]).exists():
            folders.remove_tree(place)


def remove_all(folder: Path) -> list[str]:
    """Delete all generations, `current` first; return their names.

    If there is no generation, nothing is deleted, because what lies there is not the suite's. What stands in the place
    of the link is deleted only if it is a link or a copy of a generation.
    """
    found = all_of(folder)
    for place in (folder / "current", *folder.glob(f"{names.ASIDE}*")):
        if (found and place.is_symlink()) or (not place.is_symlink() and _is_copy(place)):
            folders.remove_tree(place)
    if not found:
        return []
    for place in found:
        delete(place)
    _sweep(folder)
    files.remove(folder / "inputs.json")
    files.remove(folder / names.READ)
    return [place.name for place in found]


def _is_copy(place: Path) -> bool:
    try:
        return load(place) is not None
    except manifests.NewerSchema:
        return True
