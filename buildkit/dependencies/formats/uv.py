"""Reads uv.lock: a graph of packages; the project's own one among them is where the way begins."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import parse_qs, urldefrag, urlsplit, urlunsplit

from buildkit.dependencies import markers
from buildkit.dependencies.formats import tables
from buildkit.dependencies.graph import Edge, Node, needed
from buildkit.dependencies.locked import Locked, Package, Source, Wanted, index, strong
from buildkit.dependencies.names import normalized

FILE = "uv.lock"


def read(text: str, wanted: Wanted) -> Locked:
    """Return the packages of a uv.lock that are wanted.

    Raises:
        Odd: it is not of its form.
        BadMarker: a marker in it is not valid.
        NotLocked: it is not whole, or does not know the project, an extra or a group.
    """
    lock = tables.parsed(text)
    tables.version(lock.get("version"), [1], "version")
    found = tables.rows(lock, "package")
    project = _project(found, wanted)
    deciding = _deciding(wanted, project)
    nodes = [_node(table, deciding, wanted) for table in found]
    own = _node(project, deciding, wanted)
    missing = [f"extra {name}" for name in sorted(wanted.extras) if name not in _keys(project, "optional-dependencies")]
    missing += [f"group {name}" for name in sorted(wanted.groups) if name not in _keys(project, "dev-dependencies")]
    if missing:
        raise tables.Odd(f"it does not know {' and '.join(missing)} of {wanted.project}")
    roots = [edge for key in ("", *wanted.extras) for edge in own.edges.get(key, ())]
    groups = {normalized(name): rows for name, rows in tables.mapping(project, "dev-dependencies").items()}
    roots += [edge for name in wanted.groups for edge in _edges({"rows": groups[name]}, "rows", deciding)]
    packages = [each for each in needed(nodes, roots) if each.source.kind != "self"]
    return Locked(FILE, tuple(packages), declared=_declared(project))


def has(text: str, folder: str) -> bool:
    """Return whether the lock is also that of the project in `folder`, relative to it: a member of a workspace.

    Raises:
        Odd: it is not of its form.
    """
    return any(_lies_in(table, folder) for table in tables.rows(tables.parsed(text), "package"))


def _project(found: Iterable[Mapping[str, Any]], wanted: Wanted) -> Mapping[str, Any]:
    for table in found:
        if _lies_in(table, wanted.folder):
            return table
    raise tables.Odd(f"the project {wanted.project} is not in it")


def _lies_in(table: Mapping[str, Any], folder: str) -> bool:
    source = tables.mapping(table, "source")
    place = source.get("editable", source.get("virtual", source.get("directory")))
    return isinstance(place, str) and posixpath.normpath(place) == posixpath.normpath(folder)


def _keys(table: Mapping[str, Any], key: str) -> set[str]:
    return {normalized(name) for name in tables.mapping(table, key)}


Deciding = Callable[[str], markers.Condition]


def _deciding(wanted: Wanted, project: Mapping[str, Any]) -> Deciding:
    """Return what decides a marker; uv writes extras that exclude each other as `extra == 'extra-3-app-cpu'`."""
    name = normalized(tables.text(project, "name"))
    marks = {f"extra-{len(name)}-{name}-{extra}" for extra in wanted.extras}
    marks |= {f"group-{len(name)}-{name}-{group}" for group in wanted.groups}
    kept: dict[str, markers.Condition] = {}

    def decide(marker: str) -> markers.Condition:
        if marker not in kept:
            kept[marker] = markers.condition(marker, wanted.facts, extras=marks.__contains__)
        return kept[marker]

    return decide


def _node(table: Mapping[str, Any], deciding: Deciding, wanted: Wanted) -> Node:
    forks = [deciding(text) for text in tables.texts(table, "resolution-markers")]
    where = markers.FALSE if forks else markers.TRUE
    for fork in forks:
        where |= fork
    files = [*tables.rows(table, "wheels")]
    if isinstance(table.get("sdist"), Mapping):
        files.append(table["sdist"])
    package = Package(
        normalized(tables.text(table, "name")),
        tables.text(table, "version"),
        where,
        strong([file.get("hash") for file in files]),
        _source(tables.mapping(table, "source"), wanted),
    )
    edges = {"": _edges(table, "dependencies", deciding)}
    for extra, rows in tables.mapping(table, "optional-dependencies").items():
        edges[normalized(extra)] = _edges({"rows": rows}, "rows", deciding)
    return Node(package, edges)


def _edges(table: Mapping[str, Any], key: str, deciding: Deciding) -> tuple[Edge, ...]:
    return tuple(
        Edge(
            normalized(tables.text(row, "name")),
            f"=={version}" if (version := tables.text(row, "version")) else "",
            deciding(tables.text(row, "marker")),
            tuple(normalized(extra) for extra in tables.texts(row, "extra")),
        )
        for row in tables.rows(table, key)
    )


def _source(source: Mapping[str, Any], wanted: Wanted) -> Source:
    if "virtual" in source:  # uv does not install it either, only what it requires
        return Source("self", posixpath.normpath(tables.text(source, "virtual")))
    for kind in ("editable", "directory", "path"):
        if kind in source:
            place = posixpath.normpath(tables.text(source, kind))
            return Source("self" if place == posixpath.normpath(wanted.folder) else "path", place)
    if "git" in source:
        address, commit = urldefrag(tables.text(source, "git"))
        parts = urlsplit(address)
        folder = parse_qs(parts.query).get("subdirectory", [""])[0]
        return Source("git", urlunsplit(parts._replace(query="")), commit, folder)
    if "url" in source:
        return Source("url", tables.text(source, "url"), folder=tables.text(source, "subdirectory"))
    return index(tables.text(source, "registry"))


def _declared(project: Mapping[str, Any]) -> list[str] | None:
    """Return the requirements that the lock was made for; None where it does not say."""
    if "metadata" not in project:
        return None
    found = []
    for row in tables.rows(tables.mapping(project, "metadata"), "requires-dist"):
        extras, marker = tables.texts(row, "extras"), tables.text(row, "marker")
        asked = f"[{','.join(extras)}]" if extras else ""
        where = f" ; {marker}" if marker else ""
        found.append(f"{tables.text(row, 'name')}{asked}{tables.text(row, 'specifier')}{where}")
    return found
