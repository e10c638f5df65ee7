from __future__ import annotations

from collections.abc import Collection

from hypothesis import given
from hypothesis import strategies as st

from buildkit.comparison.halving import culprits

THINGS = [f"m{number}" for number in range(40)]


@given(st.sets(st.sampled_from(THINGS), min_size=1, max_size=5))
def test_of_things_that_make_it_together_all_are_found_and_no_other(needed: set[str]) -> None:
    assert set(culprits(THINGS, lambda chosen: needed <= chosen)) == needed


@given(st.sets(st.sampled_from(THINGS), min_size=1, max_size=5))
def test_of_things_that_make_it_alone_one_is_found(each: set[str]) -> None:
    found = culprits(THINGS, lambda chosen: bool(each & chosen))
    assert len(found) == 1
    assert {*found} <= each


def test_one_of_many_takes_few_looks_and_no_set_is_looked_at_twice() -> None:
    asked: list[frozenset[str]] = []

    def differs(chosen: frozenset[str]) -> bool:
        asked.append(chosen)
        return "m333" in chosen

    assert culprits([f"m{number}" for number in range(1000)], differs) == ("m333",)
    assert len(asked) == len(set(asked)) <= 20


def test_a_single_thing_needs_no_look() -> None:
    def never(_: Collection[str]) -> bool:
        raise AssertionError

    assert culprits(["only"], never) == ("only",)
