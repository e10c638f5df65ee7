"""Reads pdm.lock: by default each package says its groups and its marker, else only what it depends on."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from buildkit.dependencies import markers
from buildkit.dependencies.formats import tables
from buildkit.dependencies.formats.poetry import edge_of
from buildkit.dependencies.graph import Edge, Node, needed
from buildkit.dependencies.locked import Locked, Package, Source, Wanted, strong
from buildkit.dependencies.names import normalized
from buildkit.dependencies.needs import of_text

FILE = "pdm.lock"

_MAIN = "default"


def read(text: str, wanted: Wanted) -> Locked:
    """Return the packages of a pdm.lock that are wanted.

    Raises:
        Odd: it is not of its form, or does not know an extra or a group.
        BadMarker: a marker in it is not valid.
        BadNeed: a requirement in it is not valid.
        NotLocked: it is not whole.
    """
    lock = tables.parsed(text)
    about = tables.mapping(lock, "metadata")
    tables.version(about.get("lock_version"), [4], "lock_version")
    known = {normalized(group) for group in tables.texts(about, "groups")}
    if missing := sorted((wanted.extras | wanted.groups) - known):
        raise tables.Odd(f"it does not know {', '.join(missing)}, an extra or a group")
    rows = tables.rows(lock, "package")
    files = tables.mapping(about, "files")  # where PDM before 2.5 has them
    if "inherit_metadata" in tables.texts(about, "strategy"):
        packages = _chosen(rows, files, wanted)
    else:
        packages = needed(_nodes(rows, files, wanted), [edge_of(need, wanted) for need in wanted.needs])
    return Locked(FILE, tuple(each for each in packages if each.source.kind != "self"))


def _chosen(rows: Iterable[Mapping[str, Any]], files: Mapping[str, Any], wanted: Wanted) -> Iterable[Package]:
    """Return the packages of the wanted groups; one with extras is listed again for these."""
    groups = {_MAIN, *wanted.extras, *wanted.groups}
    found: dict[tuple[str, str], Package] = {}
    for row in rows:
        if not groups.intersection(normalized(group) for group in tables.texts(row, "groups")):
            continue
        package = _package(row, files, wanted)
        before = found.get((package.name, package.version))
        where = markers.condition(tables.text(row, "marker"), wanted.facts)
        where = before.condition | where if before else where
        if not where.never:
            found[package.name, package.version] = replace(package, condition=where)
    return found.values()


def _package(row: Mapping[str, Any], files: Mapping[str, Any], wanted: Wanted) -> Package:
    name, version = tables.text(row, "name"), tables.text(row, "version")
    listed = tables.rows(row, "files") or tables.rows(files, f"{name} {version}")
    hashes = strong([file.get("hash") for file in listed])
    return Package(normalized(name), version, hashes=hashes, source=_source(row, wanted))


def _source(row: Mapping[str, Any], wanted: Wanted) -> Source:
    folder = tables.text(row, "subdirectory")
    if git := tables.text(row, "git"):
        return Source("git", git, tables.text(row, "revision"), folder)
    if path := tables.text(row, "path"):
        place = posixpath.normpath(path)
        return Source("self" if place == posixpath.normpath(wanted.folder) else "path", place)
    if address := tables.text(row, "url"):
        return Source("url", address, folder=folder)
    return Source()


def _nodes(rows: Iterable[Mapping[str, Any]], files: Mapping[str, Any], wanted: Wanted) -> list[Node]:
    edges: dict[tuple[str, str], dict[str, list[Edge]]] = {}
    packages: dict[tuple[str, str], Package] = {}
    for row in rows:
        package = _package(row, files, wanted)
        place = (package.name, package.version)
        packages[place] = package
        required = [edge_of(of_text(text), wanted) for text in tables.texts(row, "dependencies")]
        for extra in tables.texts(row, "extras") or [""]:
            edges.setdefault(place, {})[normalized(extra)] = [
                edge for edge in required if edge.name != package.name or not extra
            ]
    return [Node(package, edges[place]) for place, package in packages.items()]
