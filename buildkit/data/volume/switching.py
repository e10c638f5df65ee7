"""Makes a generation, and makes one the current generation by one rename."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from pathlib import Path

from buildkit.data import names
from buildkit.data.volume import manifest as manifests
from buildkit.data.volume import outputs
from buildkit.data.volume.generations import (
    current,
    generations_folder,
    load,
)
from buildkit.data.volume.manifest import Manifest
from buildkit.doors import files
from buildkit.trees import folders, sealing


def new(folder: Path, number: int, now: float) -> Path:
    """Make the empty partial folder of generation `number`."""
    stamp = time.strftime("%Y%m%dT%H%M%S", time.gmtime(now))
    place = generations_folder(folder) / f"{number:06d}-{stamp}{names.PARTIAL}"
    place.mkdir(parents=True)
    return place


def commit(folder: Path, partial: Path, manifest: Manifest, confirm: Callable[[], None]) -> Path:
    """Turn `partial` into the current generation.

    Write the manifest, rename the folder, switch the link, each synced to disk before the next.

    Args:
        folder: the data's folder.
        partial: the folder of the finished generation.
        manifest: its manifest.
        confirm: called before the rename; raises if another process has claimed the lease. A process that claims it
            later deletes the prepared link, so that this one can no longer switch.

    Raises:
        FileNotFoundError: another process claimed the lease since, and deleted the prepared link.
    """
    folders.remove_tree(outputs.sidecar_of(partial))
    folders.sync_folders(partial)
    files.write(partial / names.MANIFEST, manifests.text_of(manifest), mode=0o444, durable=True)
    whole = partial.with_name(manifest.generation)
    fresh = _new_link(folder, whole)
    confirm()
    partial.rename(whole)
    files.sync_folder(whole.parent)
    _switch(folder, fresh)
    return whole


def switch_back(folder: Path, generation: Path) -> None:
    """Point `current` at an existing complete generation, atomically and durably; only under the lease."""
    _switch(folder, _new_link(folder, generation))


def _new_link(folder: Path, generation: Path) -> Path:
    fresh = folder / f"{names.SWITCH}{generation.name}"
    files.remove(fresh)
    fresh.symlink_to(generation.relative_to(folder))
    return fresh


def _switch(folder: Path, fresh: Path) -> None:
    fresh.replace(folder / "current")
    files.sync_folder(folder)


def try_to_switch(folder: Path) -> None:
    """Make and delete a link like `current`, so that a volume without links is found out before hours of work.

    Raises:
        OSError: links cannot be made.
    """
    probe = folder / f"{names.SWITCH}probe"
    files.remove(probe)
    probe.symlink_to("generations")
    files.remove(probe)


def delete_pending_links(folder: Path) -> None:
    """Delete the links that earlier holders of the lease prepared, so that they can no longer switch."""
    for left in folder.glob(f"{names.SWITCH}*"):
        files.remove(left)


def restore_metadata(folder: Path) -> None:
    """Restore the empty folders, links and execute bits that a copy of the volume lost; only under the lease."""
    now = current(folder)
    if now is None:
        return
    with contextlib.suppress(manifests.NewerSchema):
        manifest = load(now)
        for record in manifest.stages.values() if manifest else ():
            sealing.restore_metadata(record.files, now)
