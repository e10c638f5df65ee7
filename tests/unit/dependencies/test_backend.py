"""What pyproject.toml leaves to the build backend is asked of it, once for each state of the files that it reads."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from buildkit.dependencies.backend import requirements
from buildkit.doors.process import Completed, run
from buildkit.errors import ConfigurationError

ProjectMaker = Callable[[Mapping[str, str]], Path]

SETTINGS = """
[build-system]
requires = []
build-backend = "own"
backend-path = ["."]
[project]
name = "service"
version = "1"
dynamic = ["dependencies"]
[tool.own]
file = "needs.in"
"""
BACKEND = """
import pathlib
print("a backend may print")
def prepare_metadata_for_build_wheel(folder, settings=None):
    place = pathlib.Path(folder, "service-1.dist-info")
    place.mkdir()
    needs = pathlib.Path("needs.in").read_text().split()
    lines = ["Metadata-Version: 2.1", "Name: service", "Version: 1", *("Requires-Dist: " + need for need in needs)]
    (place / "METADATA").write_text("\\n".join(lines) + "\\n")
    return place.name
def build_wheel(folder, settings=None, metadata=None):
    raise RuntimeError
"""


class Counting:
    """Runs what it is given, and counts."""

    calls = 0

    def __call__(self, command: Sequence[str], **given: Any) -> Completed:
        self.calls += 1
        return run(command, **given)


def test_it_is_asked_once_and_again_when_a_file_that_it_reads_changed(project: ProjectMaker, tmp_path: Path) -> None:
    root = project({"pyproject.toml": SETTINGS, "own.py": BACKEND, "needs.in": "alpha>=1 beta"})
    memory, runner = tmp_path / "requirements.json", Counting()

    def ask() -> list[str]:
        return list(requirements(root, memory, os.environ, runner))

    assert ask() == ["alpha>=1", "beta"]
    assert ask() == ["alpha>=1", "beta"]
    assert runner.calls == 1
    (root / "needs.in").write_text("gamma")
    assert ask() == ["gamma"]
    memory.write_text("harmed")
    assert ask() == ["gamma"]
    assert runner.calls == 3


def test_where_nothing_may_be_written_it_is_asked_all_the_same(project: ProjectMaker, tmp_path: Path) -> None:
    root = project({"pyproject.toml": SETTINGS, "own.py": BACKEND, "needs.in": "alpha>=1"})

    assert requirements(root, tmp_path / "requirements.json", os.environ, keep=False) == ["alpha>=1"]
    assert not (tmp_path / "requirements.json").exists()


def test_a_backend_that_fails_is_quoted(project: ProjectMaker, tmp_path: Path) -> None:
    root = project({"pyproject.toml": SETTINGS, "own.py": BACKEND})

    with pytest.raises(ConfigurationError, match="the build backend does not say what the project requires") as refused:
        requirements(root, tmp_path / "requirements.json", os.environ)

    assert any("needs.in" in line for line in refused.value.details)
    assert refused.value.exit_code == 2
    assert not (tmp_path / "requirements.json").exists()


def test_an_address_is_not_kept_as_it_may_hold_credentials(project: ProjectMaker, tmp_path: Path) -> None:
    root = project({"pyproject.toml": SETTINGS, "own.py": BACKEND, "needs.in": "x@https://me:s3cret@example.org/x.whl"})

    assert requirements(root, tmp_path / "requirements.json", os.environ)
    assert not (tmp_path / "requirements.json").exists()
