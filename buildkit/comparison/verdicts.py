"""Compares modules as plain Python with their compiled forms, and finds the extensions that make what differs."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from buildkit.comparison import differences
from buildkit.comparison.answers import Import
from buildkit.comparison.differences import Difference
from buildkit.comparison.halving import culprits

Look = Callable[[Collection[str], Sequence[str]], Mapping[str, Import]]
"""Imports modules, each by itself, where some units of extensions and no others lie beside their sources.

Called with the names of the units and those of the modules; it returns what came of each.
"""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is to be said of one module.

    Args:
        module: its dotted name.
        result: `equal`, `differs`, `fails` (as plain Python in the same way) or `compiled` (there is no plain form).
        plain: its import as plain Python.
        compiled: its import with all extensions.
        differences: what differs.
    """

    module: str
    result: str
    plain: Import
    compiled: Import
    differences: tuple[Difference, ...] = ()


def verdicts(names: Sequence[str], units: Collection[str], look: Look) -> dict[str, Verdict]:
    """Return the verdict on each module. What differs is looked at twice: what moves by itself is no difference.

    Args:
        names: the modules.
        units: all extensions, by unit.
        look: imports modules.
    """
    plain, compiled = look((), names), look(units, names)
    found = {name: differences.differences(plain[name], compiled[name]) for name in names}
    doubtful = [
        name for name in names if found[name] and not differences.has_no_plain_form(plain[name], compiled[name])
    ]
    again = look((), doubtful), look(units, doubtful)
    for name in doubtful:
        pairs = (plain[name], again[0][name]), (compiled[name], again[1][name])
        found[name] = tuple(differences.steady(found[name], *pairs))
    return {name: _verdict(plain[name], compiled[name], found[name]) for name in names}


def _verdict(plain: Import, compiled: Import, found: tuple[Difference, ...]) -> Verdict:
    if found and differences.has_no_plain_form(plain, compiled):
        return Verdict(plain.module, "compiled", plain, compiled)
    word = "differs" if found else "fails" if plain.failure else "equal"
    return Verdict(plain.module, word, plain, compiled, found)


def blamed(found: Collection[Verdict], units: Mapping[str, Collection[str]], look: Look) -> dict[str, tuple[str, ...]]:
    """Return the units of extensions that make each module differ: by any one of them less it would not.

    Modules that load few others come first, so that what differs because of another one's extension is soon explained.

    Args:
        found: the modules that differ.
        units: the modules of each unit.
        look: imports modules.
    """
    of = {module: unit for unit, modules in units.items() for module in modules}
    blame: dict[str, tuple[str, ...]] = {}
    guilty: set[str] = set()

    def loaded(verdict: Verdict) -> list[str]:
        return sorted({of[name] for name in (*verdict.compiled.extensions, verdict.module) if name in of})

    for verdict in sorted(found, key=lambda each: (len(loaded(each)), each.module)):
        paths = {each.path for each in verdict.differences}

        def differs(chosen: Collection[str], verdict: Verdict = verdict, paths: Collection[str] = paths) -> bool:
            now = look(chosen, [verdict.module])[verdict.module]
            return any(each.path in paths for each in differences.differences(verdict.plain, now))

        if guilty and not differs([unit for unit in units if unit not in guilty]):
            blame[verdict.module] = tuple(sorted(guilty & {*loaded(verdict)} or guilty))
            continue
        own = of.get(verdict.module)
        likely = loaded(verdict)
        if own is not None and differs([own]):
            blame[verdict.module] = (own,)
        else:
            blame[verdict.module] = culprits(likely if likely and differs(likely) else list(units), differs)
        guilty |= {blame[verdict.module][0]} if blame[verdict.module] else set()
    return blame
