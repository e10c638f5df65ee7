"""Projects that were compiled already: each is built once a run, by whichever worker comes first, and copied."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from buildkit.doors import locks
from plugins.projects import InvokeRunner


@dataclass(frozen=True)
class Build:
    """What a real build from nothing left, to be read and copied and never changed.

    Args:
        root: the project.
        cache: the store, which it had for itself.
    """

    root: Path
    cache: Path


BuildOnce = Callable[..., Build]
"""Compiles a project from nothing, given as a dict of path → content, with the flags given; equal ones once a run."""

BuiltProjectMaker = Callable[..., Path]
"""Makes a project from a dict of path → text, compiled with the flags given; returns its root."""


@pytest.fixture
def build_once(invoke: InvokeRunner, known_tools: Callable[[], bytes], run_folder: Path) -> BuildOnce:
    """Compile a project in a folder of the run, with an empty store, unless an equal one was compiled there before."""

    def build(files: Mapping[str, str | bytes], *flags: str, exit_code: int = 0) -> Build:
        contents = {name: text.encode() if isinstance(text, str) else text for name, text in files.items()}
        place = run_folder / "built" / _key(contents, flags)
        place.mkdir(parents=True, exist_ok=True)
        made = Build(place / "project", place / "cache")
        with locks.held(place / "lock"):
            if not (place / "done").exists():
                _write(made.root, contents)
                _write(made.cache, {"v1/tools": known_tools()})
                ran = invoke(made.root, "compile", *flags, PYBUILDKIT_CACHE_DIR=str(made.cache))
                assert ran.exit_code == exit_code, ran.stderr
                (place / "done").touch()
        return made

    return build


@pytest.fixture
def built_project(build_once: BuildOnce, tmp_path: Path) -> BuiltProjectMaker:
    """Make a project and compile it, for a test of what comes after that.

    The project and the test's store are copies of what a real build left. So a test about a build from nothing, or
    about a tree in which nothing at all has changed since its build, does that build itself.
    """

    def make(files: Mapping[str, str], *flags: str, exit_code: int = 0) -> Path:
        made = build_once(files, *flags, exit_code=exit_code)
        shutil.copytree(made.cache, os.environ["PYBUILDKIT_CACHE_DIR"], symlinks=True, dirs_exist_ok=True)
        return Path(shutil.copytree(made.root, tmp_path / "project", symlinks=True))

    return make


def _key(contents: Mapping[str, bytes], flags: tuple[str, ...]) -> str:
    """Return a name for what a build is made from: a test may have set variables of its own."""
    places = ("PYBUILDKIT_CACHE_DIR", "PYBUILDKIT_STATE")  # each test has others
    variables = {name: text for name, text in os.environ.items() if name not in places and "PYTEST" not in name}
    files = {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}
    return hashlib.sha256(json.dumps([files, flags, variables], sort_keys=True).encode()).hexdigest()[:16]


def _write(root: Path, contents: Mapping[str, bytes]) -> None:
    for name, content in contents.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)
