"""Whether what is declared is installed."""

from __future__ import annotations

from buildkit.dependencies.needs import of_text
from buildkit.dependencies.present import admits_this_python, facts_of_this_python, installed, unmet


def test_what_is_not_there_or_too_old_is_unmet_and_what_is_for_others_is_not() -> None:
    needs = [of_text(text) for text in ("one>=2", "two", "three; python_version < '3'", "four @ file:///x", "five<9")]

    found = list(unmet(needs, {"one": "1", "four": "7", "five": "8.1"}, facts_of_this_python()))

    assert [(each.need.name, each.version) for each in found] == [("one", "1"), ("two", "")]


def test_the_python_that_runs_is_held_against_what_is_asked_for() -> None:
    assert [admits_this_python(text) for text in ("", ">=3.10", ">=4", "<3", "no version")] == [
        True,
        True,
        False,
        False,
        True,
    ]


def test_what_is_installed_is_known_by_its_normalized_name() -> None:
    assert {"invoke", "nox", "pytest-xdist"} <= {*installed()}
