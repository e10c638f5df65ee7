"""Reads poetry.lock: of Poetry 2 each package says its groups and markers, of Poetry 1 only what it depends on."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Mapping
from typing import Any

from buildkit.dependencies import markers
from buildkit.dependencies.formats import tables
from buildkit.dependencies.graph import Edge, Node, needed
from buildkit.dependencies.locked import Locked, Package, Source, Wanted, index, strong
from buildkit.dependencies.names import normalized
from buildkit.dependencies.needs import Need, of_poetry, of_pythons, of_text

FILE = "poetry.lock"

_MAIN = "main"
_SAYS_GROUPS = (2, 1)


def read(text: str, wanted: Wanted) -> Locked:
    """Return the packages of a poetry.lock that are wanted.

    Raises:
        Odd: it is not of its form, or does not know an extra.
        BadMarker: a marker in it is not valid.
        BadNeed: a requirement in it is not valid.
        NotLocked: it is not whole.
    """
    lock = tables.parsed(text)
    form = tables.version(tables.mapping(lock, "metadata").get("lock-version"), [2], "lock-version")
    known = {normalized(name) for name in tables.mapping(lock, "extras")}
    if missing := sorted(wanted.extras - known):
        raise tables.Odd(f"it does not know extra {', '.join(missing)}")
    rows = tables.rows(lock, "package")
    files = tables.mapping(tables.mapping(lock, "metadata"), "files")  # where Poetry before 1.3 has them
    if form >= _SAYS_GROUPS:
        return Locked(FILE, tuple(_chosen(rows, wanted)))
    nodes = [_node(row, files, wanted) for row in rows]
    return Locked(FILE, needed(nodes, [edge_of(need, wanted) for need in wanted.needs]))


def _chosen(rows: Iterable[Mapping[str, Any]], wanted: Wanted) -> Iterable[Package]:
    """Yield the packages of the wanted groups, where each says when it is needed."""
    groups = {_MAIN, *wanted.groups}
    for row in rows:
        found = row.get("markers", "")
        own = [normalized(group) for group in tables.texts(row, "groups")]
        by_group = {normalized(key): found[key] for key in found} if isinstance(found, Mapping) else {}
        where = markers.FALSE
        for group in groups.intersection(own):
            marker = found if isinstance(found, str) else by_group.get(group, "")
            where |= markers.condition(
                str(marker), wanted.facts, extras=lambda extra: normalized(extra) in wanted.extras
            )
        if not where.never:
            yield _package(row, {}, where)


def _package(row: Mapping[str, Any], files: Mapping[str, Any], where: markers.Condition) -> Package:
    name = tables.text(row, "name")
    listed = tables.rows(row, "files") or tables.rows(files, name)
    hashes = strong([file.get("hash") for file in listed])
    return Package(normalized(name), tables.text(row, "version"), where, hashes, _source(tables.mapping(row, "source")))


def _source(source: Mapping[str, Any]) -> Source:
    kind, place = tables.text(source, "type"), tables.text(source, "url")
    folder = tables.text(source, "subdirectory")
    if kind == "git":
        return Source("git", place, tables.text(source, "resolved_reference"), folder)
    if kind in ("directory", "file"):
        return Source("path", posixpath.normpath(place))
    if kind == "url":
        return Source("url", place, folder=folder)
    return index(place)


def _node(row: Mapping[str, Any], files: Mapping[str, Any], wanted: Wanted) -> Node:
    pythons = tables.text(row, "python-versions")
    plain = pythons not in ("", "*") and "|" not in pythons
    where = markers.condition(of_pythons(pythons), wanted.facts) if plain else markers.TRUE
    required = [need for name, value in tables.mapping(row, "dependencies").items() for need in of_poetry(name, value)]
    edges: dict[str, list[Edge]] = {"": []}
    for extra in tables.mapping(row, "extras"):
        texts = tables.texts(tables.mapping(row, "extras"), extra)
        names = {of_text(_as_requirement(text)).name for text in texts}
        # Optional requirements stand among the others, with a marker for their extra, and only if an extra was locked.
        edges[normalized(extra)] = [
            edge_of(need, wanted, extra=normalized(extra))
            for need in required
            if need.name in names and "extra ==" in need.marker
        ]
    edges[""] = [edge_of(need, wanted) for need in required if "extra ==" not in need.marker]
    return Node(_package(row, files, where), edges)


def _as_requirement(text: str) -> str:
    """Return the requirement that stands in Poetry's list of an extra, such as `delta (>=1)`."""
    return text.replace("(", "").replace(")", "", 1) if "(" in text.partition(";")[0] else text


def edge_of(need: Need, wanted: Wanted, *, extra: str = "") -> Edge:
    """Return a requirement as an edge; one with alternatives admits every version that is locked."""
    where = markers.condition(need.marker, wanted.facts, extras=lambda name: normalized(name) == extra)
    asked = need.specifiers[0] if len(need.specifiers) == 1 else ""
    return Edge(need.name, asked, where, need.extras)
