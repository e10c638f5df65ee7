"""Whether a lock file fits what pyproject.toml declares; what does not is told requirement by requirement."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from buildkit.dependencies import markers
from buildkit.dependencies.locked import Locked, Package
from buildkit.dependencies.needs import Need, of_text


def problems(locked: Locked, needs: Sequence[Need], every: Iterable[Need], facts: Mapping[str, str]) -> list[str]:
    """Return what of the declared requirements the lock does not hold, a line each.

    Args:
        locked: the packages of the lock.
        needs: the requirements whose packages were asked for.
        every: the requirements of the project, with those of all its extras.
        facts: what is known of the target.
    """
    found = [line for need in needs for line in _unmet(locked, need, facts)]
    if not found and locked.declared is not None:
        found = [*_apart(every, [of_text(text) for text in locked.declared])]
    return list(dict.fromkeys(found))


def _unmet(locked: Locked, need: Need, facts: Mapping[str, str]) -> Iterator[str]:
    where = markers.condition(need.marker, facts)
    if where.never:
        return
    named = [package for package in locked.packages if package.name == need.name]
    if not named:
        if locked.complete or locked.pins:
            yield f"{need} is declared, and {need.name} is not locked"
    elif not need.direct and not any(_admits(need, package) for package in named):
        versions = " and ".join(package.version for package in named)
        yield f"{need} is declared, and {need.name} is locked at {versions}"


def _admits(need: Need, package: Package) -> bool:
    return not package.version or package.source.kind != "index" or need.admits(package.version)


def _apart(every: Iterable[Need], recorded: Iterable[Need]) -> Iterator[str]:
    """Yield what differs from the requirements that the lock was made for; how a marker is written does not matter."""

    def by_form(needs: Iterable[Need]) -> dict[object, Need]:
        return {
            (need.name, frozenset(need.specifiers[0].split(",")), need.extras): need
            for need in needs
            if not need.direct
        }

    now, then = by_form(every), by_form(recorded)
    yield from (f"{now[form]} is declared, and the lock was made without it" for form in now if form not in then)
    yield from (f"{then[form]} is what the lock was made for, and not declared" for form in then if form not in now)


def poetry_hashes(tables: Mapping[str, Any]) -> set[str]:
    """Return the `content-hash` values that versions of Poetry write for a pyproject.toml.

    It is over what a lock depends on: parts of [project] and [tool.poetry], from Poetry 2.3 on also the groups.
    """
    return {_poetry_hash(tables, groups=groups) for groups in (True, False)}


def _poetry_hash(tables: Mapping[str, Any], *, groups: bool) -> str:
    project, tool = tables.get("project", {}), tables.get("tool", {}).get("poetry", {})
    of_project = {
        key: project[key] for key in ("requires-python", "dependencies", "optional-dependencies") if key in project
    }
    of_groups = tables.get("dependency-groups", {}) if groups else {}
    standard = bool(of_project or of_groups)
    old = ("dependencies", "source", "extras", "dev-dependencies")
    of_tool = {key: tool.get(key) for key in (*old, "group") if key in tool or (key in old and not standard)}
    content: dict[str, Any] = {"project": of_project} if of_project else {}
    if of_groups:
        content["dependency-groups"] = of_groups
    content = {**content, "tool": {"poetry": of_tool}} if content else of_tool
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()
