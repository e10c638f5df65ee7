"""Where a project names which installed package: every use, given to those whose module or name it is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from buildkit.dependencies.names import normalized
from buildkit.image.usage.inventory import Inventory
from buildkit.image.usage.use import Role, Use

_STRONG = frozenset({"import", "optional", "distribution", "dialect", "feature"})
_WORDS = {
    "import": "it is imported",
    "optional": "it is imported, and its absence dealt with",
    "distribution": "it is asked for by its name",
    "dialect": "an address names it as driver",
    "feature": "the framework needs it for what is imported",
    "points": "it is registered at entry points that are loaded",
    "loaded": "the tests showed that it is loaded",
    "path": "a text names a module of it",
    "program": "its command is started",
}


class Found(NamedTuple):
    """One use of one package.

    Args:
        use: where and how.
        role: what part of the project that is.
        strong: whether it shows that the package is needed, and not merely that its name stands there.
    """

    use: Use
    role: Role
    strong: bool

    @property
    def words(self) -> str:
        """How it is used."""
        return _WORDS.get(self.use.kind, "its name stands in a text")


class Evidence:
    """All uses of a project.

    Args:
        inventory: what is installed.
        own: the first names of the project's own modules.
        uses: what its files name, with the part of the project that each is.
    """

    def __init__(self, inventory: Inventory, own: Iterable[str], uses: Iterable[tuple[Use, Role]]) -> None:
        self._inventory = inventory
        self._own = frozenset(own)
        self._found: dict[str, list[Found]] = {}
        self._names: dict[str, set[str]] = {}
        self._programs: dict[str, set[str]] = {}
        self._points: dict[str, set[str]] = {}
        self.strangers: list[tuple[Use, frozenset[str]]] = []
        """Imports at run time of what is neither the project's nor of the standard library, with whose it is."""
        self.dynamic: list[Use] = []
        """Imports at run time of what no source names."""
        for each in inventory.distributions.values():
            self._names.setdefault(each.name, set()).add(each.name)
            for top in each.tops:
                self._names.setdefault(top, set()).add(each.name)
                self._names.setdefault(normalized(top), set()).add(each.name)
            for group, _, _ in each.points:
                self._points.setdefault(group, set()).add(each.name)
            for command in each.commands:
                self._programs.setdefault(command, set()).add(each.name)
        for use, role in uses:
            self._take(use, role)

    def of(self, name: str) -> list[Found]:
        """Return the uses of a package."""
        return self._found.get(name, [])

    def add(self, name: str, use: Use, role: Role) -> None:
        """Add a use of a package that is known by other means."""
        self._found.setdefault(name, []).insert(0, Found(use, role, strong=True))

    def add_loaded(self, use: Use, role: Role) -> None:
        """Add that code of the project was seen to load a module."""
        for name in self._inventory.owners(use.name):
            self._found.setdefault(name, []).append(Found(use, role, strong=True))

    def _take(self, use: Use, role: Role) -> None:
        if use.kind == "dynamic":
            beginning = use.name.partition(".")[0] if "." in use.name else use.name
            known = use.name.startswith(".") or beginning in self._own
            if not known and not use.name and role == "runtime":
                self.dynamic.append(use)
            for name in self._inventory.owners(use.name.rstrip(".")) if use.name and not known else ():
                self._found.setdefault(name, []).append(Found(use, role, strong=True))
            return
        for name, strong in self._owners(use):
            self._found.setdefault(name, []).append(Found(use, role, strong))
        if use.kind == "import" and role == "runtime":
            top = use.name.partition(".")[0]
            if top not in self._own and not self._inventory.is_standard(use.name):
                self.strangers.append((use, self._inventory.owners(use.name, use.members)))

    def _owners(self, use: Use) -> Iterator[tuple[str, bool]]:
        """Yield whose a use is, and whether it shows a need."""
        if use.kind == "distribution":
            named = normalized(use.name)
            found = {named} & self._inventory.distributions.keys() or self._inventory.owners(use.name)
            yield from ((name, True) for name in found)
        elif use.kind == "points":
            yield from ((name, True) for name in self._points.get(use.name, ()))
        elif use.kind == "word":
            yield from ((name, False) for name in self._by_word(use.name))
            yield from ((name, False) for name in self._programs.get(use.name, ()))
        elif use.kind == "program":
            started = self._programs.get(use.name, set())
            yield from ((name, True) for name in started)
            yield from ((name, False) for name in self._by_word(use.name) - started)
        elif use.kind == "path":
            yield from self._by_path(use.name)
            yield from ((name, False) for name in self._points.get(use.name, ()))
        else:
            strong = use.kind in _STRONG
            yield from ((name, strong) for name in self._inventory.owners(use.name, use.members))

    def _by_word(self, word: str) -> set[str]:
        return self._names.get(word, set()) | self._names.get(normalized(word), set())

    def _by_path(self, path: str) -> Iterator[tuple[str, bool]]:
        """Yield whose module a text names: surely if there is a file of it, perhaps if its first part is known."""
        if "." not in path:
            yield from ((name, self._inventory.is_module(path)) for name in self._by_word(path))
            return
        part = path
        while "." in part:
            if self._inventory.is_module(part):
                yield from ((name, True) for name in self._inventory.owners(part))
                return
            part = part.rpartition(".")[0]
        yield from ((name, False) for name in self._names.get(part, ()))
