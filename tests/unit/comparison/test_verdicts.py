"""Which modules differ, and whose extension makes it: with a project that is described by what each set shows."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from buildkit.comparison.answers import Import
from buildkit.comparison.verdicts import blamed, verdicts

UNITS = {f"app.m{number}": (f"app.m{number}",) for number in range(8)}


def test_a_module_that_differs_by_itself_is_to_blame_for_all_that_import_it() -> None:
    looks = []

    def look(units: Collection[str], names: Sequence[str]) -> Mapping[str, Import]:
        looks.append((frozenset(units), tuple(names)))
        bad = "app.m3" in units
        failing = {"app.m3", "app.m5", "app"} if bad else set()
        loaded = {"app.m5": ("app.m3",), "app": ("app.m3", "app.m5")}
        return {
            name: Import(name, "TypeError: compiled" if name in failing else "", extensions=loaded.get(name, ()))
            for name in names
        }

    found = verdicts(["app", *UNITS], [*UNITS], look)
    assert {name for name, each in found.items() if each.result == "differs"} == {"app", "app.m3", "app.m5"}
    differing = [each for each in found.values() if each.result == "differs"]
    assert blamed(differing, UNITS, look) == {"app.m3": ("app.m3",), "app.m5": ("app.m3",), "app": ("app.m3",)}
    assert len(looks) < 12


def test_two_modules_that_differ_only_together_are_both_named() -> None:
    def look(units: Collection[str], names: Sequence[str]) -> Mapping[str, Import]:
        bad = {"app.m1", "app.m6"} <= {*units}
        return {name: Import(name, "ValueError" if bad and name == "app" else "") for name in names}

    found = verdicts(["app", *UNITS], [*UNITS], look)
    assert blamed([found["app"]], UNITS, look) == {"app": ("app.m1", "app.m6")}


def test_what_fails_both_ways_or_moves_by_itself_is_no_difference() -> None:
    moment = iter(range(1000))

    def look(units: Collection[str], names: Sequence[str]) -> Mapping[str, Import]:
        answers = {
            "app.windows": Import("app.windows", "ModuleNotFoundError: No module named 'winreg'"),
            "app.clock": Import("app.clock", facts={"STARTED": str(next(moment))}),
            "app.pxd": Import("app.pxd", "" if units else "ImportError: app.m1 does not export expected C function f"),
        }
        return {name: answers[name] for name in names}

    found = verdicts(["app.windows", "app.clock", "app.pxd"], ["app.m1"], look)
    assert {name: each.result for name, each in found.items()} == {
        "app.windows": "fails",
        "app.clock": "equal",
        "app.pxd": "compiled",
    }
