"""Where a project names a distribution that it needs: always, in an extra, in a dependency group."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from buildkit.dependencies.names import normalized
from buildkit.dependencies.needs import BadNeed, of_text


class Place(NamedTuple):
    """A list of requirements.

    Args:
        kind: `main` for what is always needed, `extra` or `group`.
        name: of the extra or the group.
    """

    kind: str
    name: str = ""


def place_of(name: str, tables: Mapping[str, Any]) -> Place | None:
    """Return the first list of a pyproject.toml that names a distribution, or None.

    Args:
        name: of the distribution, normalized.
        tables: those of the pyproject.toml; what is malformed in them names nothing.
    """
    return next((place for place, names in _lists(tables) if name in names), None)


def names_in(lines: Iterable[object]) -> frozenset[str]:
    """Return the names of the distributions in lines of requirements; options of pip and comments name none."""
    return frozenset(filter(None, map(_name, lines)))


def _lists(tables: Mapping[str, Any]) -> Iterator[tuple[Place, frozenset[str]]]:
    project, poetry = _table(tables, "project"), _table(_table(tables, "tool"), "poetry")
    yield Place("main"), names_in(_list(project, "dependencies"))
    yield Place("main"), frozenset(map(normalized, _table(poetry, "dependencies")))
    for group in _table(tables, "dependency-groups"):
        yield Place("group", group), names_in(_list(_table(tables, "dependency-groups"), group))
    for group in _table(poetry, "group"):
        needs = _table(_table(_table(poetry, "group"), group), "dependencies")
        yield Place("group", group), frozenset(map(normalized, needs))
    for extra in _table(project, "optional-dependencies"):
        yield Place("extra", extra), names_in(_list(_table(project, "optional-dependencies"), extra))


def _name(line: object) -> str:
    if not isinstance(line, str):
        return ""
    need = line.partition(" #")[0].partition(" --hash")[0].strip().rstrip("\\ ")
    try:
        return of_text(need).name
    except BadNeed:
        return ""


def _table(table: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = table.get(key)
    return found if isinstance(found, Mapping) else {}


def _list(table: Mapping[str, Any], key: str) -> list[Any]:
    found = table.get(key)
    return found if isinstance(found, list) else []
