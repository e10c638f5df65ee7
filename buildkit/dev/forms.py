"""Which modules each service runs as Python for now, although they are compiled ones."""

from __future__ import annotations

from collections.abc import Collection, Iterable


class Forms:
    """The form of the modules: on the disk, and in each service as it was when that was started last."""

    def __init__(self) -> None:
        self._compiled: set[str] = set()
        self._python: set[str] = set()  # the compiled ones without an extension, for now
        self._runs: dict[str, frozenset[str]] = {}  # by service: of these, the ones that it was started with

    def built(self, compiled: Iterable[str]) -> None:
        """Note that everything was compiled: these modules, and no others."""
        self._compiled, self._python = set(compiled), set()

    def interpreted(self, modules: Iterable[str]) -> None:
        """Note that the extensions of these modules were taken away."""
        self._python.update(modules)

    def compiled(self, modules: Iterable[str]) -> None:
        """Note that these modules have an extension again, or for the first time."""
        self._compiled.update(modules)
        self._python.difference_update(self._compiled.intersection(modules))

    def started(self, services: Iterable[str]) -> None:
        """Note that these services were started, with what there is now."""
        self._runs.update(dict.fromkeys(services, frozenset(self._python)))

    def behind(self) -> dict[str, frozenset[str]]:
        """Return, by service, the modules that it runs as Python although they have an extension by now."""
        found = {name: modules - self._python for name, modules in self._runs.items()}
        return {name: modules for name, modules in found.items() if modules}

    def words(self, services: Collection[str]) -> str:
        """Return how many modules these services run in which form; empty where none is compiled.

        A module counts as Python where one of them runs it so; where others do not, the ones that do are named.
        """
        python = {name: self._runs.get(name, frozenset()) & self._compiled for name in services}
        every = frozenset[str]().union(*python.values())
        compiled = f"{len(self._compiled - every)} compiled" if self._compiled else ""
        if not every:
            return compiled
        different = len(set(python.values())) > 1
        some = f" in {', '.join(name for name, modules in python.items() if modules)}" if different else ""
        return f"{compiled}, {len(every)} as Python{some}"
