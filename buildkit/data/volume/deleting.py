"""What may be deleted of the data's folder, and how: never the current generation before there is a newer one."""

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


def deletable(folder: Path, below: int) -> Iterator[Path]:
    """Yield what a full volume can do without, first what is missed least: partial generations, then older ones.

    Where the current one is not whole, one before it is the last good data, and none of them is spare.
    """
    yield from reversed(partial_ones(folder, below))
    yield from deletable_whole(folder, below)


def deletable_whole(folder: Path, below: int) -> list[Path]:
    """Return the older generations that nobody would go back to, as the current one is whole; oldest first."""
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
    """Delete a generation; its manifest goes first, so that a deletion that is cut short leaves no whole one."""
    folders.remove_tree(outputs.sidecar_of(generation))
    files.remove(generation / names.MANIFEST)
    folders.remove_tree(generation)


def _sweep(folder: Path) -> None:
    """Delete what lay beside partial generations that are gone."""
    for place in generations_folder(folder).glob(f".*{outputs.ASIDE}"):
        if not place.with_name(place.name[1 : -len(outputs.ASIDE)]).exists():
            folders.remove_tree(place)


def clear(folder: Path) -> list[str]:
    """Delete all that was made, the current generation first of all; return the names of the generations.

    Where there is none nothing was made, and what lies there is somebody else's; so is what stands in the place of the
    link, unless it is a copy of a generation.
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
