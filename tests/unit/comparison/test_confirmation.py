from __future__ import annotations

import itertools
from collections.abc import Callable, Collection, Iterator, Sequence

from buildkit.comparison.confirmation import Confirmed, blamed, confirmed
from buildkit.comparison.outcomes import Changed, Run

UNITS = [f"app.m{number}" for number in range(16)]


def world(
    outcome: Callable[[str, Collection[str], Sequence[str] | None], str], names: Sequence[str]
) -> Callable[[Collection[str], Sequence[str] | None], Run]:
    """Return what runs the tests of a world in which `outcome` says how each comes out."""

    def rerun(units: Collection[str], only: Sequence[str] | None) -> Run:
        chosen = names if only is None else only
        return Run({name: outcome(name, units, only) for name in chosen})

    return rerun


def test_a_test_that_changes_with_an_extension_is_confirmed_and_the_extension_found() -> None:
    rerun = world(lambda test, units, _: "failed" if test == "bad" and "app.m11" in units else "passed", ["ok", "bad"])
    found = confirmed(rerun((), None), rerun(UNITS, None), UNITS, rerun)
    assert found == Confirmed((Changed("bad", "passed", "failed"),), (), ())
    assert blamed(found, UNITS, (), (), rerun) == {"bad": ("app.m11",)}
    assert blamed(found, UNITS, (), ["app.m10", "app.m11"], rerun) == {"bad": ("app.m11",)}
    assert blamed(found, UNITS, ["app.m11"], (), rerun) == {"bad": ("app.m11",)}


def test_a_test_that_fails_each_second_time_is_flaky() -> None:
    turns = itertools.cycle(["passed", "failed"])
    rerun = world(lambda *_: next(turns), ["now and then"])
    assert confirmed(rerun((), None), rerun(UNITS, None), UNITS, rerun) == Confirmed(flaky=("now and then",))


def test_a_test_that_failed_once_is_flaky() -> None:
    fails: Iterator[str] = itertools.chain(["passed", "failed"], itertools.repeat("passed"))
    rerun = world(lambda *_: next(fails), ["once"])
    assert confirmed(rerun((), None), rerun(UNITS, None), UNITS, rerun) == Confirmed(flaky=("once",))


def test_a_test_that_changes_only_among_the_others_is_run_among_them() -> None:
    def outcome(test: str, units: Collection[str], only: Sequence[str] | None) -> str:
        return "failed" if test == "last" and "app.m4" in units and only is None else "passed"

    rerun = world(outcome, ["first", "last"])
    found = confirmed(rerun((), None), rerun(UNITS, None), UNITS, rerun)
    assert found == Confirmed((), (Changed("last", "passed", "failed"),), ())
    assert blamed(found, UNITS, (), (), rerun) == {"last": ("app.m4",)}


def test_many_tests_that_one_extension_changes_take_no_more_runs_than_one() -> None:
    names = [f"test {number}" for number in range(300)]
    runs = []

    def outcome(_: str, units: Collection[str], __: Sequence[str] | None) -> str:
        return "not there" if "app.m7" in units else "passed"

    found = Confirmed(tuple(Changed(name, "passed", "not there") for name in names))
    inner = world(outcome, names)

    def rerun(units: Collection[str], only: Sequence[str] | None) -> Run:
        runs.append(units)
        return inner(units, only)

    assert set(blamed(found, UNITS, (), (), rerun).values()) == {("app.m7",)}
    assert len(runs) < 12


def test_several_extensions_are_found_one_after_the_other() -> None:
    faults = {"one": "app.m1", "two": "app.m2", "both": "app.m2"}
    rerun = world(lambda test, units, _: "failed" if faults[test] in units else "passed", [*faults])
    found = confirmed(rerun((), None), rerun(UNITS, None), UNITS, rerun)
    blame = blamed(found, UNITS, (), (), rerun)
    assert {unit for units in blame.values() for unit in units} == {"app.m1", "app.m2"}
