"""The page on wrapping C and C++ does what it says: its files and its command, taken from it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from native import compiled
from plugins.projects import InvokeRunner, ProjectMaker, python

PAGE = (Path(__file__).parents[2] / "docs/how-to/wrap-c-and-cpp.md").read_text("utf-8")
FILES = dict(re.findall(r"```\w+\n# file: (\S+)\n(.*?)```", PAGE, re.DOTALL))


@pytest.mark.usefixtures("compiler")
def test_the_example_is_compiled_as_it_stands(project: ProjectMaker, invoke: InvokeRunner) -> None:
    root = project(FILES)
    ask = "from words import Words; words = Words(); print(words.add('a'), words.add('b'), words.add('a'))"

    first = invoke(root, "compile", "--json")
    answer = python(root, ask)
    library = root / "vendor/counter.cpp"
    library.write_text(library.read_text().replace("++seen", "10 * ++seen"))
    edited = invoke(root, "compile", "--json")

    assert "    invoke compile\n" in PAGE
    assert first.exit_code == 0, first.stderr
    assert answer == "1 1 2"
    assert (len(compiled(edited)), edited.reason("words.counting")) == (1, "project changed: vendor/counter.cpp")
    assert python(root, ask) == "10 10 20"
