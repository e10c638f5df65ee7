"""What pyproject.toml declares that a project needs: by [project], by [tool.poetry], and in dependency groups."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from buildkit.dependencies.names import normalized
from buildkit.dependencies.needs import BadNeed, Need, of_poetry, of_text
from buildkit.doors import reading
from buildkit.errors import ConfigurationError

if sys.version_info >= (3, 11):
    import tomllib
else:  # pragma: no cover - one interpreter takes one branch
    import tomli as tomllib

MAIN = ""
"""The key of what is always needed, beside the names of extras."""


@dataclass(frozen=True, slots=True)
class Declared:
    """What a project declares.

    Args:
        name: the project's name, normalized.
        needs: its requirements, by extra; `MAIN` is what is always needed.
        groups: the requirements of those dependency groups that were asked for.
        poetry: whether [tool.poetry] declares the requirements.
    """

    name: str
    needs: Mapping[str, tuple[Need, ...]]
    groups: Mapping[str, tuple[Need, ...]] = field(default_factory=dict)
    poetry: bool = False

    def chosen(self, extras: Iterable[str]) -> tuple[Need, ...]:
        """Return the requirements with these extras and the groups, each once; an extra may name others of the project.

        Raises:
            BadNeed: there is no such extra.
        """
        found: dict[Need, None] = {}
        waiting = [*self.needs[MAIN]]
        seen: set[str] = set()

        def take(extra: str) -> None:
            if extra not in seen:
                seen.add(extra)
                if extra not in self.needs:
                    raise BadNeed(f"there is no extra {extra}; there are {_listed(set(self.needs) - {MAIN})}")
                waiting.extend(self.needs[extra])

        for extra in extras:
            take(normalized(extra))
        for needs in self.groups.values():
            waiting += needs
        while waiting:
            need = waiting.pop(0)
            if need.name == self.name and not need.direct:
                for extra in need.extras:
                    take(extra)
            else:
                found[need] = None
        return tuple(found)


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)) or "none"


def tables_of(folder: Path) -> Mapping[str, Any]:
    """Return the tables of the pyproject.toml in `folder`.

    Raises:
        ConfigurationError: it cannot be read.
    """
    file = folder / "pyproject.toml"
    try:
        return tomllib.loads(reading.read_text(file))
    except (ValueError, RecursionError) as error:
        raise ConfigurationError(f"{file}: not valid TOML: {error}", hint="mend the file") from None
    except OSError as error:
        raise ConfigurationError(f"{file}: {error.strerror}", hint="mend it, or bring it back") from None


def relevant(tables: Mapping[str, Any]) -> Any:  # noqa: ANN401 - only compared
    """Return the parts of a pyproject.toml that say what is installed, to be compared with an earlier result."""
    project, tool = tables.get("project", {}), tables.get("tool", {})
    poetry = tool.get("poetry", {}) if isinstance(tool, Mapping) else {}
    return [
        [table.get(key) for key in keys] if isinstance(table, Mapping) else None
        for table, keys in (
            (project, ("dependencies", "optional-dependencies")),
            (tables, ("dependency-groups",)),
            (poetry, ("dependencies", "dev-dependencies", "group", "extras")),
        )
    ]


def project_table(file: Path, tables: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the [project] table, or what [tool.poetry] says in its place: name, version, scripts, entry points.

    Args:
        file: the pyproject.toml, for messages.
        tables: its tables.

    Raises:
        ConfigurationError: there is neither with a name, or a list in it is none.
    """
    poetry = _table(_table(tables, "tool"), "poetry")
    project: Any = tables.get("project", {})
    if "project" not in tables and poetry:
        scripts = {name: run for name, run in _table(poetry, "scripts").items() if isinstance(run, str)}
        project = {key: poetry[key] for key in ("name", "version") if isinstance(poetry.get(key), str)}
        project |= {"scripts": scripts, "entry-points": _table(poetry, "plugins")}
    if not isinstance(project, dict) or not isinstance(project.get("name"), str):
        raise ConfigurationError(
            f"{file}: no [project] table with a name", hint="an image needs it: it names the service and its packages"
        )
    for key in ("dynamic", "dependencies"):
        listed = project.get(key, [])
        if not isinstance(listed, list) or not all(isinstance(each, str) for each in listed):
            raise ConfigurationError(f"{file}: [project] {key} is no list of texts", hint=f'write {key} = ["..."]')
    return project


def left_to_backend(tables: Mapping[str, Any]) -> bool:
    """Return whether only the project's build backend knows the requirements."""
    if "project" not in tables or _poetry_dependencies(tables):
        return False
    dynamic = _table(tables, "project").get("dynamic", [])
    return isinstance(dynamic, list) and bool({"dependencies", "optional-dependencies"}.intersection(map(str, dynamic)))


def read(file: Path, tables: Mapping[str, Any], groups: Iterable[str] = (), asked: Iterable[str] = ()) -> Declared:
    """Return what the tables of a pyproject.toml declare.

    Args:
        file: the pyproject.toml, for messages.
        tables: its tables.
        groups: the dependency groups that are asked for; others are not looked at.
        asked: the requirements that the build backend gave, where they are left to it.

    Raises:
        ConfigurationError: something in it is not valid.
    """
    project = project_table(file, tables)
    try:
        chosen = {normalized(name): _group(tables, normalized(name), ()) for name in groups}
        name = normalized(project["name"])
        if _by_poetry(tables):
            return Declared(name, _of_poetry(_table(_table(tables, "tool"), "poetry")), chosen, poetry=True)
        needs: dict[str, list[Need]] = {MAIN: [of_text(text) for text in project.get("dependencies", [])]}
        for extra, texts in _table(project, "optional-dependencies").items():
            needs[normalized(extra)] = [of_text(text) for text in _texts(texts, f"optional-dependencies.{extra}")]
        for text in asked:
            _sort(of_text(text), needs)
        return Declared(name, {key: tuple(each) for key, each in needs.items()}, chosen)
    except BadNeed as error:
        raise ConfigurationError(f"{file}: {error}", hint="mend the requirement") from None


def _sort(need: Need, needs: dict[str, list[Need]]) -> None:
    """Add a requirement of a distribution's metadata, in which the extra is part of the marker."""
    import re  # noqa: PLC0415 - no start-up pays for it

    found = re.fullmatch(r"""(?:(.*) and )?extra == ["']([^"']+)["']""", need.marker)
    marker, extra = (found[1] or "", normalized(found[2])) if found else (need.marker, MAIN)
    if marker.startswith("(") and marker.endswith(")"):
        marker = marker[1:-1]
    rows = needs.setdefault(extra, [])
    added = Need(need.name, need.specifiers, marker, need.extras, need.direct)
    if added not in rows:
        rows.append(added)


def _by_poetry(tables: Mapping[str, Any]) -> bool:
    """Return whether Poetry's own table has the requirements: without [project], or where that leaves them open."""
    project = _table(tables, "project")
    return "project" not in tables or (_poetry_dependencies(tables) and "dependencies" in project.get("dynamic", []))


def _poetry_dependencies(tables: Mapping[str, Any]) -> bool:
    return bool(_table(_table(_table(tables, "tool"), "poetry"), "dependencies"))


def _of_poetry(poetry: Mapping[str, Any]) -> dict[str, tuple[Need, ...]]:
    needs: dict[str, list[Need]] = {MAIN: []}
    optional: dict[str, list[Need]] = {}
    for name, value in _table(poetry, "dependencies").items():
        if name == "python":
            continue
        rows = value if isinstance(value, list) else [value]
        for row in rows:
            apart = isinstance(row, Mapping) and row.get("optional") is True
            place = optional.setdefault(normalized(name), []) if apart else needs[MAIN]
            place += of_poetry(name, row)
    for extra, names in _table(poetry, "extras").items():
        needs[normalized(extra)] = [
            need for name in _texts(names, f"extras.{extra}") for need in optional.get(normalized(name), ())
        ]
    return {key: tuple(each) for key, each in needs.items()}


def _group(tables: Mapping[str, Any], name: str, above: tuple[str, ...]) -> tuple[Need, ...]:
    """Return the requirements of a dependency group: of PEP 735, Poetry's, or an older one of PDM or uv."""
    tool = _table(tables, "tool")
    poetry = _table(tool, "poetry")
    standard = {normalized(key): rows for key, rows in _table(tables, "dependency-groups").items()}
    poetrys = {normalized(key): _table(_table(poetry, "group"), key) for key in _table(poetry, "group")}
    if "dev-dependencies" in poetry:
        poetrys.setdefault("dev", {"dependencies": poetry["dev-dependencies"]})
    older = {normalized(key): rows for key, rows in _table(_table(tool, "pdm"), "dev-dependencies").items()}
    if "dev-dependencies" in _table(tool, "uv"):
        older["dev"] = _table(tool, "uv")["dev-dependencies"]
    if name in above:
        raise BadNeed(f"dependency group {name} includes itself")
    if not any(name in kind for kind in (standard, poetrys, older)):
        raise BadNeed(f"there is no dependency group {name}; there are {_listed({*standard, *poetrys, *older})}")
    found: list[Need] = []
    for row in _list(standard.get(name, []), f"dependency group {name}"):
        if isinstance(row, str):
            found.append(of_text(row))
        elif isinstance(row, Mapping) and isinstance(row.get("include-group"), str):
            found += _group(tables, normalized(row["include-group"]), (*above, name))
        else:
            raise BadNeed(f"dependency group {name} holds {row!r}, neither a requirement nor include-group")
    for key, value in _table(poetrys.get(name, {}), "dependencies").items():
        found += of_poetry(key, value)
    for inner in _list(poetrys.get(name, {}).get("include-groups", []), f"include-groups of {name}"):
        found += _group(tables, normalized(str(inner)), (*above, name))
    found += [of_text(text) for text in _texts(older.get(name, []), f"dev-dependencies.{name}") if text[:2] != "-e"]
    return tuple(found)


def _table(table: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = table.get(key, {})
    if not isinstance(found, Mapping):
        raise ConfigurationError(f"pyproject.toml: {key} is no table", hint="mend the file")
    return found


def _list(found: object, what: str) -> list[Any]:
    if not isinstance(found, list):
        raise BadNeed(f"{what} is no list")
    return found


def _texts(found: object, what: str) -> list[str]:
    if not all(isinstance(each, str) for each in _list(found, what)):
        raise BadNeed(f"{what} is no list of texts")
    return found  # type: ignore[return-value] # as was looked at
