"""What `invoke compile.verify` says of what compiling bought: nothing is concluded of `dev`, and no loss is hidden."""

from __future__ import annotations

from typing import Any

import pytest

from buildkit.flows.verify import SCHEMA, lines
from buildkit.model import Report

MEMORY = {"plain": 20_000_000, "compiled": 21_000_000}
IMPORT = {"import-seconds": {"plain": 0.2, "compiled": 0.1}, "import-memory": MEMORY}


def said(profile: str, plain: float | None, compiled: float = 0) -> list[str]:
    """Return the lines of a report whose tests took so many seconds both ways; None: there were no tests."""
    tests = {} if plain is None else {"tests-seconds": {"plain": plain, "compiled": compiled}, "tests-memory": MEMORY}
    facts: dict[str, Any] = {
        "profile": profile,
        "tests": None,
        "bought": {**IMPORT, **tests},
        "exclude": [],
        "written": False,
    }
    return lines(Report(SCHEMA, (), 1.0, facts, row="module"))


@pytest.mark.parametrize("compiled", [9.0, 15.0])
def test_seconds_of_dev_are_said_to_be_those_of_code_that_is_not_optimized(compiled: float) -> None:
    *_, bought, meant = said("dev", 10.0, compiled)
    assert bought.startswith(f"plain → compiled: tests 10.00 s → {compiled:.2f} s, ")
    assert "optimizes nothing" in meant
    assert meant.endswith("invoke compile.verify --tests --profile release")


def test_a_release_whose_tests_take_longer_than_as_python_is_said_to_be_slower() -> None:
    *_, bought, meant = said("release", 10.0, 15.0)
    assert bought.startswith("plain → compiled: tests 10.00 s → 15.00 s, ")
    assert "compiled, the tests took 1.5 times as long" in meant
    assert meant.endswith("docs/explanation/how-fast.md")


@pytest.mark.parametrize("compiled", [7.0, 10.0, 10.9])
def test_a_release_that_is_faster_or_as_fast_needs_no_word(compiled: float) -> None:
    assert said("release", 10.0, compiled)[-1].startswith("plain → compiled: tests 10.00 s → ")


@pytest.mark.parametrize("profile", ["dev", "release"])
def test_where_no_tests_ran_nothing_is_concluded(profile: str) -> None:
    assert said(profile, None)[-1].startswith("plain → compiled: import 0.20 s → 0.10 s")
