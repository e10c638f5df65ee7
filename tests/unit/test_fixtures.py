"""The plugins of the tests are all loaded at once: of two fixtures with one name, the later would silently win."""

from __future__ import annotations

import ast
from collections import Counter
from pathlib import Path

PLUGINS = Path(__file__).parents[1] / "plugins"


def fixtures(source: Path) -> list[str]:
    """Return the names of the functions that a plugin makes fixtures of."""
    functions = [each for each in ast.parse(source.read_bytes()).body if isinstance(each, ast.FunctionDef)]
    return [each.name for each in functions if any("fixture" in ast.unparse(mark) for mark in each.decorator_list)]


def test_no_two_plugins_have_a_fixture_of_one_name() -> None:
    names = Counter(name for source in PLUGINS.glob("*.py") for name in fixtures(source))
    assert names["project"] == 1
    assert [name for name, times in names.items() if times > 1] == []
