"""The tutorial does what it says: its files and its commands, taken from the page."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from buildkit.doors.process import run

ProjectMaker = Callable[[Mapping[str, str]], Path]

PAGE = (Path(__file__).parents[2] / "docs" / "tutorial.md").read_text("utf-8")
FILES = dict(re.findall(r"```\w+\n# file: (\S+)\n(.*?)```", PAGE, re.DOTALL))
COMMANDS = re.findall(r"^    ((?:invoke|nox) .*)$", PAGE, re.MULTILINE)


@pytest.mark.slow
@pytest.mark.usefixtures("compiler")
def test_the_tutorial_runs_as_it_stands(project: ProjectMaker) -> None:
    root = project(FILES)
    environment = {**os.environ, "PYBUILDKIT_NOX_PYTHONS": f"3.{sys.version_info.minor}"}

    answers = {
        command: run([sys.executable, "-m", *command.split()], folder=root, environment=environment)
        for command in COMMANDS
    }

    assert list(answers) == ["invoke compile", "invoke compile --explain", "nox -s build"]
    for command, answer in answers.items():
        assert answer.ok, f"{command}:\n{answer.stdout}{answer.stderr}"
    assert list((root / "src" / "counter").glob("primes.*.so"))
    assert list((root / ".buildkit" / "wheels").rglob("counter-1.0-cp3*.whl"))
