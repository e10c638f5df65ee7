"""Reads pylock.toml and pylock.NAME.toml (PEP 751), whoever wrote them."""

from __future__ import annotations

import posixpath
from typing import Any

from buildkit.dependencies import markers
from buildkit.dependencies.formats import tables
from buildkit.dependencies.locked import Locked, Package, Source, Wanted, index, strong
from buildkit.dependencies.names import normalized


def read(name: str, text: str, wanted: Wanted) -> Locked:
    """Return the packages of a pylock file that are wanted.

    Args:
        name: the file's name.
        text: its content.
        wanted: which packages.

    Raises:
        Odd: it is not of its form, or does not know an extra or a group.
        BadMarker: a marker in it is not valid.
    """
    from packaging.pylock import Pylock, PylockValidationError  # noqa: PLC0415 - no start-up pays for it

    try:
        lock = Pylock.from_dict(tables.parsed(text))
    except PylockValidationError as error:
        raise tables.Odd(str(error)) from None
    known = {normalized(extra) for extra in lock.extras or ()}
    groups = {normalized(group) for group in lock.dependency_groups or ()}
    missing = [f"extra {each}" for each in sorted(wanted.extras - known)]
    missing += [f"group {each}" for each in sorted(wanted.groups - groups)]
    if missing:
        raise tables.Odd(f"it does not know {' and '.join(missing)}")
    chosen = wanted.groups | {normalized(group) for group in lock.default_groups or ()}
    found: list[Package] = []
    for package in lock.packages:
        where = markers.condition(
            str(package.marker or ""),
            wanted.facts,
            extras=lambda extra: normalized(extra) in wanted.extras,
            groups=lambda group: normalized(group) in chosen,
        )
        source = _source(package, wanted)
        if not where.never and source.kind != "self":
            version = str(package.version or "")
            found.append(Package(str(package.name), version, where, _hashes(package), source))
    return Locked(name, tuple(found))


def _hashes(package: Any) -> tuple[str, ...]:  # noqa: ANN401 - of a library that is loaded late
    files = [*(package.wheels or ()), package.sdist, package.archive]
    return strong([f"{algorithm}:{digits}" for file in files if file for algorithm, digits in file.hashes.items()])


def _source(package: Any, wanted: Wanted) -> Source:  # noqa: ANN401 - as above
    if package.vcs is not None:
        vcs = package.vcs
        return Source("git", vcs.url or vcs.path or "", vcs.commit_id, vcs.subdirectory or "")
    if package.directory is not None:
        place = posixpath.normpath(package.directory.path)
        return Source("self" if place == posixpath.normpath(wanted.folder) else "path", place)
    if package.archive is not None:
        file = package.archive
        return Source("url" if file.url else "path", file.url or file.path or "", folder=file.subdirectory or "")
    return index(package.index)
