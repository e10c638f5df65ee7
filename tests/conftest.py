"""What every test shares: projects from a dict, real tools with the marks that follow from them, and guards."""

from __future__ import annotations

import os
import shutil
import sysconfig
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

TOOLS = ("compiler", "postgres", "docker")

ProjectMaker = Callable[[Mapping[str, str]], Path]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give each test the mark of every real tool that it asks for."""
    for item in items:
        for name in TOOLS:
            if name in getattr(item, "fixturenames", ()):
                item.add_marker(name)


def missing(tool: str, reason: str) -> None:
    """Skip a test for want of a real tool; in CI that is a failure, since a test that never runs shows nothing."""
    if os.environ.get("CI"):
        pytest.fail(f"{tool}: {reason} (in CI a missing tool is a failure)")
    pytest.skip(f"{tool}: {reason}")


@pytest.fixture(scope="session")
def compiler() -> str:
    """The C compiler, with the headers of this Python."""
    program = shutil.which("cc") or shutil.which("gcc")
    if program is None:
        missing("compiler", "no C compiler on PATH")
    elif not (Path(sysconfig.get_path("include")) / "Python.h").is_file():
        missing("compiler", "no Python.h for this Python")
    return program or ""


@pytest.fixture(scope="session")
def postgres() -> Path:
    """The folder of PostgreSQL's server programs."""
    from buildkit.migrate.devdb import find_programs

    programs = find_programs(os.environ)
    if programs is None:
        missing("postgres", "no server programs (initdb, pg_ctl) found")
    assert programs is not None
    return programs


@pytest.fixture(scope="session")
def docker() -> None:
    """A Docker Engine that answers and has buildx."""
    from buildkit.image.engine import require

    from buildkit.errors import EngineError

    try:
        require()
    except EngineError as error:
        missing("docker", error.message)


@pytest.fixture
def project(tmp_path: Path) -> ProjectMaker:
    """Make a project from a dict of path → text."""

    def make(files: Mapping[str, str]) -> Path:
        root = tmp_path / "project"
        for name, text in files.items():
            file = root / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        return root

    return make


@pytest.fixture(autouse=True)
def _own_places(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep tests off the user's cache and settings; fail a test that leaves the environment changed."""
    with pytest.MonkeyPatch.context() as places:
        for name in list(os.environ):
            if name.startswith("PYBUILDKIT_") and not name.startswith("PYBUILDKIT_ENGINE_"):
                places.delenv(name)
        places.delenv("DATABASE_URL", raising=False)
        places.setenv("PYBUILDKIT_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))
        places.setenv("NO_COLOR", "1")
        before = _environment()
        yield
        assert _environment() == before, "a test changed the environment"


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name != "PYTEST_CURRENT_TEST"}
