"""Where a project names a distribution that it needs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from buildkit.dependencies.naming import Place, names_in, place_of


@pytest.mark.parametrize(
    ("tables", "place"),
    [
        ({"project": {"dependencies": ["x", "The_Suite>=1"]}}, Place("main")),
        ({"project": {"optional-dependencies": {"ci": ["the-suite[fast]"]}}}, Place("extra", "ci")),
        ({"dependency-groups": {"dev": [{"include-group": "x"}, "the.suite"]}}, Place("group", "dev")),
        ({"tool": {"poetry": {"dependencies": {"the-suite": "^1"}}}}, Place("main")),
        ({"tool": {"poetry": {"group": {"ci": {"dependencies": {"The-Suite": "^1"}}}}}}, Place("group", "ci")),
        ({"project": {"dependencies": ["the-suite-plugin"]}}, None),
        ({"project": {"dependencies": "the-suite"}, "tool": [], "dependency-groups": {"a": 1}}, None),
    ],
)
def test_the_first_list_that_names_it_is_found(tables: Mapping[str, Any], place: Place | None) -> None:
    assert place_of("the-suite", tables) == place


def test_lines_of_requirements_name_distributions_and_options_none() -> None:
    lines = ["# the-suite", "-r other.txt", "a==1  # b", "c==2 --hash=sha256:00 \\", "d ; python_version<'3'", ""]

    assert names_in(lines) == {"a", "c", "d"}
