"""Generations on the disk, and which one is current.

`current` is a symbolic link that is replaced by one rename, so a reader sees the whole old or the whole new generation.
A reader that needs one generation for longer resolves the link once. The generation before the current one is kept.
"""

from __future__ import annotations

import contextlib
import re
import sys
from pathlib import Path

from buildkit.data import names
from buildkit.data.volume import manifest as manifests
from buildkit.data.volume.manifest import Manifest
from buildkit.doors import reading
from buildkit.trees import comparing

_NAME = re.compile(rf"([0-9]{{6,18}})-[0-9]{{8,9}}T[0-9]{{6}}(?:{re.escape(names.PARTIAL)})?")


def generations_folder(folder: Path) -> Path:
    """Return the folder of all generations."""
    return folder / "generations"


def place_of(folder: Path, name: str) -> Path | None:
    """Return where the generation of this name lies; None if no generation has such a name."""
    place = generations_folder(folder) / name
    return place if number_of(place) and not name.endswith(names.PARTIAL) else None


def current(folder: Path) -> Path | None:
    """Return the folder of the current generation, None if there is none.

    It is the one that the link `current` leads to. If a copy of the volume turned the link into a folder, lost it, or
    bent it, it is the newest complete one (`buildkit.data.volume.current_link` repairs the link).
    """
    return linked(folder) or newest(folder)


def linked(folder: Path) -> Path | None:
    """Return the generation that the link `current` leads to; None where there is no link, or it leads elsewhere.

    Raises:
        PermissionError: this user may not read the link.
    """
    try:
        place = folder / (folder / "current").readlink()
    except PermissionError:
        raise  # it is unknown what is there
    except OSError:
        return None
    if place.parent != generations_folder(folder) and place.parent.resolve() != generations_folder(folder).resolve():
        return None
    place = generations_folder(folder) / place.name
    return place if _is_folder(place) and not place.name.endswith(names.PARTIAL) else None


def newest(folder: Path) -> Path | None:
    """Return the newest generation whose files have their recorded sizes, or else the copy under `current`."""
    places = [place for place in all_of(folder) if not place.name.endswith(names.PARTIAL)]
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
    """Return the manifest of a generation, None if it is missing or damaged.

    Raises:
        NewerSchema: a newer suite wrote it.
    """
    try:
        return manifests.parse(reading.read_text(generation / names.MANIFEST, most=manifests.MOST))
    except (OSError, UnicodeDecodeError):
        return None


def all_of(folder: Path) -> list[Path]:
    """Return the folders of all generations, complete and partial, newest first."""
    with contextlib.suppress(OSError):
        places = [place for place in generations_folder(folder).iterdir() if number_of(place) and _is_folder(place)]
        return sorted(places, key=number_of, reverse=True)
    return []


def partial_ones(folder: Path, below: int) -> list[Path]:
    """Return the folders of partial generations with a lower number, left by a crash or by a worker taken for dead."""
    return [place for place in all_of(folder) if place.name.endswith(names.PARTIAL) and number_of(place) < below]


def older(folder: Path, current: Path | None, below: int = sys.maxsize) -> list[Path]:
    """Return the generations with a lower number, partial ones left out, that are not the current one; newest first."""
    return [
        place
        for place in all_of(folder)
        if place != current and not place.name.endswith(names.PARTIAL) and number_of(place) < below
    ]


def is_whole(generation: Path) -> bool:
    """Return whether a generation has its manifest and every file by size and time."""
    try:
        manifest = load(generation)
    except manifests.NewerSchema:
        return False
    return manifest is not None and all(
        comparing.on_disk(record.files, generation, None) == record.outputs for record in manifest.stages.values()
    )


def highest_number(folder: Path) -> int:
    """Return the highest number of a generation, complete or partial; 0 if there is none."""
    return max((number_of(place) for place in all_of(folder)), default=0)


def number_of(place: Path) -> int:
    """Return the number in the name of a generation; 0 for any other name, which is not the suite's."""
    name = _NAME.fullmatch(place.name)
    return int(name[1]) if name else 0


def _is_folder(place: Path) -> bool:
    """Return whether it is a folder and no link to one, which could lead anywhere."""
    return place.is_dir() and not place.is_symlink()
