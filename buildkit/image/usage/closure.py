"""Which installed packages are there for the sake of which declared one, and what goes where one goes."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from buildkit.dependencies.needs import Need
from buildkit.image.usage.inventory import Inventory


@dataclass(frozen=True, slots=True)
class Share:
    """What goes with one declared package.

    Args:
        name: the package.
        gone: what is installed for its sake alone, itself too where nothing else requires it.
        kept_by: the packages that require it all the same.
        size: bytes of the files of `gone`.
    """

    name: str
    gone: tuple[str, ...]
    kept_by: tuple[str, ...]
    size: int


def reached(inventory: Inventory, needs: Iterable[Need]) -> dict[str, set[str]]:
    """Return the installed packages that some requirements bring, each with the packages that require it.

    Those that the project requires itself are required by the empty name.
    """
    found: dict[str, set[str]] = {}
    asked: set[tuple[str, str]] = set()
    waiting = [("", need) for need in needs]
    while waiting:
        by, need = waiting.pop()
        if need.name not in inventory.distributions:
            continue
        found.setdefault(need.name, set()).add(by)
        for extra in ("", *need.extras):
            if (need.name, extra) not in asked:
                asked.add((need.name, extra))
                waiting += [(need.name, each) for each in inventory.requires(need.name, extra)]
    return found


def share(inventory: Inventory, needs: Collection[Need], name: str) -> Share:
    """Return what goes where the declaration of one package goes."""
    before = reached(inventory, needs)
    after = reached(inventory, [need for need in needs if need.name != name])
    gone = sorted((each for each in before if each not in after), key=lambda each: (each != name, each))
    size = sum(inventory.distributions[each].size for each in gone)
    return Share(name, tuple(gone), tuple(sorted(after.get(name, set()) - {"", name})), size)
