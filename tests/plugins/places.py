"""Where tests work: off the user's own folders and settings, on disks of a kind, in a room that is watched."""

from __future__ import annotations

import contextlib
import logging
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from plugins.tools import missing

Disk = Callable[..., None]
"""Mounts an empty disk of a kind, and of a size where it is memory (see `disks`), at a folder until the test ends."""


@pytest.fixture(scope="session")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all workers of one run share; a single process has it for itself."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "run"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture(autouse=True)
def _own_places(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep tests off the user's cache and settings; fail a test that leaves the environment changed."""
    with pytest.MonkeyPatch.context() as places:
        for name in list(os.environ):
            if name.startswith("PYBUILDKIT_") and not name.startswith("PYBUILDKIT_ENGINE_"):
                places.delenv(name)
        places.delenv("DATABASE_URL", raising=False)
        places.setenv("PYBUILDKIT_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))
        places.setenv("PYBUILDKIT_STATE", str(tmp_path_factory.mktemp("state") / "state.json"))
        places.setenv("PYBUILDKIT_COMPILE_PROFILE", "dev")  # CI asks for release
        places.setenv("PYBUILDKIT_COMPILE_JOBS", "1")  # each translator has to load; see `all_cores`
        places.setenv("NO_COLOR", "1")
        # A pytest that a test runs clears away the old folders in its place at the end: it has a place of its own.
        places.setenv("PYTEST_DEBUG_TEMPROOT", str(tmp_path_factory.mktemp("pytest")))
        before = _environment()
        yield
        assert _environment() == before, "a test changed the environment"


@pytest.fixture
def all_cores(_own_places: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Build on all cores, as users do: for tests of builds that meet, and of what is made at once."""
    monkeypatch.setenv("PYBUILDKIT_COMPILE_JOBS", "auto")


@pytest.fixture
def cache() -> Path:
    """The folder of the test's own store."""
    return Path(os.environ["PYBUILDKIT_CACHE_DIR"])


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name != "PYTEST_CURRENT_TEST"}


@pytest.fixture
def disk() -> Iterator[Disk]:
    """Mount an empty disk of a kind (see `disks`) at a folder, for one test."""
    import disks

    with contextlib.ExitStack() as stack:

        def mount(kind: str, folder: Path, size: str = "1m") -> None:
            try:
                stack.enter_context(disks.mounted(kind, folder, size))
            except (FileNotFoundError, PermissionError) as error:
                missing("disk", f"no {kind}: {error}")

        yield mount


@pytest.fixture
def room(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Path]:
    """A folder for what comes from outside; around it are things that nobody may touch."""
    import fence

    around = tmp_path / "around"
    (around / "room").mkdir(parents=True)
    (around / "victim").write_text("precious\n")
    before, began = fence.FENCE.entered, time.monotonic()
    yield around / "room"
    seconds, number = time.monotonic() - began, fence.FENCE.entered - before
    logging.getLogger("fuzz").info("%s: %s inputs, %.0f s", request.node.name, number, seconds)
    assert (around / "victim").read_text() == "precious\n"
    assert sorted(place.name for place in around.iterdir()) == ["room", "victim"]
