"""Which packages a project needs when it runs, for lock files that name only what each package depends on.

From the project's own requirements along all edges: a package is installed where any way to it holds.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from buildkit.dependencies.locked import Package
from buildkit.dependencies.markers import FALSE, TRUE, Condition


class NotLocked(Exception):  # noqa: N818 - a fact
    """Something is required that the lock file does not have.

    Args:
        name: the package that is missing.
        by: what requires it; empty for the project.
    """

    def __init__(self, name: str, by: str) -> None:
        super().__init__(name)
        self.name = name
        self.by = by


@dataclass(frozen=True, slots=True)
class Edge:
    """One requirement.

    Args:
        name: the package that is required, normalized.
        specifier: what is asked of its version, `==` that of the lock where it names one.
        condition: where it is required.
        extras: the extras of the package that are asked for.
        optional: it may be missing in the lock: an extra of a package for which nobody asked.
    """

    name: str
    specifier: str = ""
    condition: Condition = TRUE
    extras: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Node:
    """One package of a lock file.

    Args:
        package: what is installed; its condition is where this version is meant for.
        edges: what it requires, by its extra; `""` is what it always requires.
    """

    package: Package
    edges: Mapping[str, Sequence[Edge]] = field(default_factory=dict)


def needed(nodes: Iterable[Node], roots: Iterable[Edge]) -> tuple[Package, ...]:
    """Return the packages that are reached from `roots`, each with the condition under which it is.

    Raises:
        NotLocked: a requirement that may hold meets no package.
    """
    named: dict[str, list[Node]] = defaultdict(list)
    for node in nodes:
        named[node.package.name].append(node)
    reached: dict[tuple[str, str, str], Condition] = {}
    places: dict[tuple[str, str], Node] = {}
    waiting = [("", edge, TRUE) for edge in roots]
    while waiting:
        by, edge, above = waiting.pop()
        holds = above & edge.condition
        if holds.never:
            continue
        for node in _meant(named[edge.name], edge, by):
            package = node.package
            own = holds & package.condition if len(named[edge.name]) > 1 else holds
            place = (package.name, package.version + package.source.commit + package.source.place)
            places[place] = node
            for extra in ("", *edge.extras):
                before = reached.get((*place, extra), FALSE)
                now = before | own
                if now != before:
                    reached[(*place, extra)] = now
                    waiting += [(package.name, each, now) for each in node.edges.get(extra, ())]
    return tuple(replace(node.package, condition=reached[(*place, "")]) for place, node in sorted(places.items()))


def _meant(nodes: Sequence[Node], edge: Edge, by: str) -> list[Node]:
    """Return the packages of that name that a requirement admits; the only one in any case."""
    if len(nodes) == 1:
        return list(nodes)
    from packaging.specifiers import SpecifierSet  # noqa: PLC0415 - no start-up pays for it

    asked = SpecifierSet(edge.specifier)
    found = [
        node for node in nodes if not node.package.version or asked.contains(node.package.version, prereleases=True)
    ]
    if not found:
        raise NotLocked(edge.name, by)
    return found
