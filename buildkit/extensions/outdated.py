"""Finds and deletes extensions whose sources were edited since, and which Python would import in their place."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

from buildkit.compile.places import OWN
from buildkit.doors.statcache import StatCache
from buildkit.extensions.exclusive import exclusive
from buildkit.extensions.memory import Remembered
from buildkit.extensions.output_folder import OutputFolder, own_files
from buildkit.extensions.workspace import Workspace, remember
from buildkit.model import LIBRARY, Digest, Record

Unrecorded = Mapping[str, Collection[tuple[str, Digest]]]
"""For each subject the files that no record mentions, each with its digest."""

_MYPYC = "toolchain mypyc"


def remove_outdated(workspace: Workspace) -> None:
    """Take away what no longer does what its source says: who runs the code before the next build runs Python.

    What was recorded stays, so that the next build still says what changed.

    Raises:
        CompileError: the tree is read-only.
    """
    if not _present(workspace, remember(workspace)):
        return
    with exclusive(workspace) as lock:
        remembered = remember(workspace)
        folder = OutputFolder(workspace, remembered, lock)
        for name in _present(workspace, remembered):
            workspace.console.say(f"{name} was edited since it was compiled: without its extension until it is again")
            folder.take_away(name)


def _present(workspace: Workspace, known: Remembered) -> list[str]:
    """Return the outdated subjects, as far as there is anything of theirs as the suite made it."""
    digest, folder = known.cache.digest, workspace.folder
    names = outdated_subjects(known.state.records, known.unrecorded, workspace.config.source, known.cache)
    return [name for name in names if any(digest(f"{folder}/{path}") == made for path, made in own_files(known, name))]


def outdated_subjects(
    records: Mapping[str, Record], unrecorded: Unrecorded, source: Path, cache: StatCache
) -> list[str]:
    """Return the subjects whose sources were edited, or are gone, since their extensions were made.

    mypyc modules depend on each other's layout: if one is outdated, all of them are. Modules come before the libraries
    that they load.

    Args:
        records: what each extension was made from.
        unrecorded: files that a killed build left, and files whose record was lost.
        source: the source root.
        cache: digests of files.
    """
    found = {name for name, record in records.items() if record.outputs and _is_edited(record, source, cache)}
    found |= unrecorded.keys()
    typed = {name for name, record in records.items() if _is_typed(name, record)}
    if found & typed:
        found |= typed
    return sorted(found, key=lambda name: (name.endswith(LIBRARY), name))


def _is_edited(record: Record, source: Path, cache: StatCache) -> bool:
    """Return whether a file under the source root is another one than the one that was read."""
    return any(
        cache.digest(str(source / name.removeprefix(OWN[0]))) != digest
        for name, digest in record.parts.items()
        if name.startswith(OWN[0])
    )


def _is_typed(name: str, record: Record) -> bool:
    return name.endswith(LIBRARY) or _MYPYC in record.parts
