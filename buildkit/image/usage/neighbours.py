"""What installed packages do with each other beside what they require: imports that may fail, extras, plugins."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

from buildkit.doors import reading
from buildkit.image.usage.inventory import Distribution, Inventory
from buildkit.image.usage.python_imports import uses_in_python
from buildkit.image.usage.use import Use

_OF_DEVELOPERS = re.compile(r"test|dev|doc|lint|typ|mypy|^ci$|bench|cov|build|release|style|^all$")
"""Extras that those ask for who work on the package itself; `all` names what others name too."""
_TESTS = re.compile(r"(^|/)[^/]*(test|conftest|_vendor|example|benchmark)[^/]*(/|$)")
_CODE = (".py", ".pyx", ".pxd")


def imports_between(
    inventory: Inventory, present: Collection[str], wanted: Collection[str]
) -> dict[str, list[tuple[str, Use]]]:
    """Return who of the packages that are present imports one of the wanted ones, and where, by the wanted one.

    Args:
        inventory: what is installed.
        present: the packages that the image has.
        wanted: the packages of which is asked.
    """
    found: dict[str, list[tuple[str, Use]]] = {}
    names = {top.partition(".")[0] for name in wanted for top in inventory.distributions[name].tops}
    if not names:
        return found
    named = re.compile(rb"\b(?:" + b"|".join(re.escape(name.encode()) for name in sorted(names)) + rb")\b")
    for owner in sorted(present):
        each = inventory.distributions[owner]
        for path, content in _sources(each):
            if not named.search(content):
                continue
            uses = uses_in_python(content.decode("utf-8", "replace"), path)
            if not all(_is_there(inventory, use) for use in uses):
                continue  # it cannot be loaded itself
            for use in uses:
                if use.kind not in {"import", "optional"}:
                    continue
                for name in inventory.owners(use.name, use.members) & {*wanted}:
                    if name != owner:
                        found.setdefault(name, []).append((owner, use))
    return found


def _is_there(inventory: Inventory, use: Use) -> bool:
    """Return whether what a file imports when it is loaded is installed, or of Python."""
    if use.kind != "import" or use.late or inventory.is_standard(use.name):
        return True
    return bool(inventory.owners(use.name, use.members))


def _sources(each: Distribution) -> Iterator[tuple[str, bytes]]:
    for path in sorted(each.files):
        if path.endswith(_CODE) and not _TESTS.search(path) and not path.startswith(".."):
            try:
                yield path, reading.read(Path(each.folder) / path, most=reading.TEXT)
            except OSError:
                continue


def takers(inventory: Inventory, present: Iterable[str], name: str) -> Iterator[tuple[str, str]]:
    """Yield the packages that take another one where it is installed, each with the extra that asks for it."""
    for owner in sorted(present):
        if owner != name:
            for wanted, extra in inventory.optional(owner):
                if wanted == name and not _OF_DEVELOPERS.search(extra):
                    yield owner, extra


def hosts(inventory: Inventory, present: Iterable[str], name: str) -> Iterator[tuple[str, str]]:
    """Yield the packages that load another one by an entry point, each with the group that it looks through."""
    groups = {group for group, _, _ in inventory.distributions[name].points} - {"console_scripts", "gui_scripts"}
    if not groups:
        return
    quoted = {group: re.compile(rb"[\"']" + re.escape(group.encode()) + rb"[\"'.]") for group in groups}
    for owner in sorted(present):
        if owner == name:
            continue
        for _, content in _sources(inventory.distributions[owner]):
            for group in [each for each, pattern in quoted.items() if pattern.search(content)]:
                yield owner, group
                del quoted[group]
            if not quoted:
                return
