"""The real tools that tests ask for by fixture, the marks that follow, and what happens where one is missing."""

from __future__ import annotations

import os
import shutil
import sysconfig
from pathlib import Path
from typing import NoReturn

import pytest

MARKED = ("compiler", "postgres", "docker")
"""The fixtures that give their name to a test as a mark."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give each test the mark of every real tool that it asks for."""
    for item in items:
        for name in MARKED:
            if name in getattr(item, "fixturenames", ()):
                item.add_marker(name)


def missing(tool: str, reason: str) -> NoReturn:
    """Skip a test for want of a real tool; in CI that is a failure, since a test that never runs shows nothing.

    Args:
        tool: what is missing.
        reason: what was looked for in vain.

    Raises:
        pytest.skip.Exception: outside of CI.
        pytest.fail.Exception: in CI, which is where the variable `CI` is set.
    """
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
    from buildkit.db.development import find_programs

    programs = find_programs(os.environ)
    if programs is None:
        missing("postgres", "no server programs (initdb, pg_ctl) found")
    assert programs is not None
    return programs


@pytest.fixture(scope="session")
def pgbouncer(postgres: Path) -> str:
    """PgBouncer's program; Debian keeps it off the usual PATH."""
    assert postgres.is_dir()
    program = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}{os.pathsep}/usr/sbin")
    if program is None:
        missing("pgbouncer", "no such program")
    return program or ""


@pytest.fixture(scope="session")
def docker() -> None:
    """A Docker Engine that answers and has buildx."""
    from buildkit.errors import EngineError
    from buildkit.image.engine import require

    try:
        require()
    except EngineError as error:
        missing("docker", error.message)


@pytest.fixture(scope="session")
def docker_registry() -> None:
    """The program of a registry, as Debian has it."""
    if shutil.which("docker-registry", path=f"{os.environ['PATH']}:/usr/sbin") is None:
        missing("docker_registry", "no docker-registry on PATH")


@pytest.fixture(scope="session")
def other_time() -> str:
    """The library that gives a process another time of day, for LD_PRELOAD; `FAKETIME` says which."""
    found = sorted(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))
    if not found:
        missing("other_time", "no libfaketime")
    return str(found[0]) if found else ""


@pytest.fixture(scope="session")
def tmux() -> str:
    """What has a terminal without a person before it."""
    program = shutil.which("tmux")
    if program is None:
        missing("tmux", "no such program")
    return program or ""
