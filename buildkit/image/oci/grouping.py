"""Which files make which layer, so that a small change sends little.

A layer is sent whole, and its digest is another one when any file in it is. So what changes together lies together: a
large distribution by itself, small ones in a few groups by their names, the suite's runtime by itself, and the
service's modules in groups by the names of the modules, each with its source, extension and bytecode. A group is told
by a hash of the name alone: a module that comes or goes moves no other one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from buildkit.image.gathering import group_of, module_of
from buildkit.image.oci.nodes import Node, Tree

MOST_LAYERS = 125
"""Layers that an image may have: the engine's storage takes 127 with two of its own."""

HEAVY = 200_000
"""Bytes of a wheel from which its distribution has a layer of its own."""

SMALL_GROUPS = 8
"""Groups of smaller distributions."""

_GROUP_SIZE = 96_000
"""Bytes of sources and extensions that a group of modules has on average: about 30 kB packed."""

_MOST_GROUPS = 32


@dataclass(frozen=True, slots=True)
class Group:
    """The files of one layer.

    Args:
        name: what it is, in words.
        tree: the files.
    """

    name: str
    tree: Tree


@dataclass(frozen=True, slots=True)
class Distribution:
    """One installed distribution.

    Args:
        name: its name.
        version: its version.
        size: bytes of its wheel.
        tree: its files, with their bytecode.
    """

    name: str
    version: str
    size: int
    tree: Tree


def of_distributions(found: Iterable[Distribution], most: int) -> tuple[list[Group], list[str]]:
    """Return the layers of distributions, and the names of those that were merged for want of layers.

    Args:
        found: the distributions.
        most: the layers that there may be.
    """
    every = sorted(found, key=lambda each: (-each.size, each.name))
    room = max(most - SMALL_GROUPS, 0)
    large = [each for each in every if each.size >= HEAVY]
    alone, merged = large[:room], large[room:]
    groups = [Group(f"{each.name} {each.version}", each.tree) for each in sorted(alone, key=lambda each: each.name)]
    small = sorted((each for each in every if each not in alone), key=lambda each: each.name)
    count = max(min(SMALL_GROUPS, most), 1)
    for number in range(count):
        inside = [each for each in small if group_of(each.name, count) == number]
        if inside:
            tree = {path: node for each in inside for path, node in each.tree.items()}
            groups.append(Group(", ".join(f"{each.name} {each.version}" for each in inside), tree))
    return groups, [each.name for each in merged]


def of_service(tree: Tree, size: Callable[[str], int]) -> list[Group]:
    """Return the layers of a service: its modules in groups, and the rest.

    Args:
        tree: its files, with their bytecode.
        size: returns the bytes of one of them; 0 for bytecode, which is not known before it is made.
    """
    modules: dict[str, dict[str, Node]] = {}
    rest: dict[str, Node] = {}
    for path, node in tree.items():
        if module := module_of(path):
            modules.setdefault(module, {})[path] = node
        else:
            rest[path] = node
    total = sum(size(path) for inside in modules.values() for path in inside)
    count = 1
    while count < _MOST_GROUPS and count * _GROUP_SIZE < total:
        count *= 2
    groups = [Group("service: settings and data", rest)] if rest else []
    for number in range(count):
        inside = {
            path: node
            for module, files in modules.items()
            if group_of(module, count) == number
            for path, node in files.items()
        }
        if inside:
            groups.append(Group(f"service: modules {number + 1} of {count}", inside))
    return groups


def twice(found: Iterable[Distribution]) -> dict[str, tuple[str, ...]]:
    """Return the paths that several distributions bring with other content, each with their names."""
    seen: dict[str, list[tuple[str, str]]] = {}
    for each in found:
        for path, node in each.tree.items():
            if node.content is not None and not path.endswith(".pyc"):
                seen.setdefault(path, []).append((each.name, node.content.identity))
    several = {path: rows for path, rows in seen.items() if len(rows) > 1}
    return {path: tuple(name for name, _ in rows) for path, rows in several.items()}


def without_twice(found: Iterable[Distribution], paths: Mapping[str, tuple[str, ...]]) -> list[Distribution]:
    """Return distributions so that each path is of one of them: the last by name, as pip would leave it."""
    kept = []
    for each in found:
        lost = {path for path, names in paths.items() if names[-1] != each.name}
        tree = {path: node for path, node in each.tree.items() if path not in lost and not _of_lost(path, lost)}
        kept.append(Distribution(each.name, each.version, each.size, tree))
    return kept


def _of_lost(path: str, lost: set[str]) -> bool:
    folder, slash, name = path.rpartition("/__pycache__/")
    return bool(slash) and f"{folder}/{name.partition('.')[0]}.py" in lost
