"""What every test shares: projects from a dict, real tools with the marks that follow from them, and guards."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import pytest
from hypothesis import settings

TOOLS = ("compiler", "postgres", "docker")

ProjectMaker = Callable[[Mapping[str, str]], Path]
Disk = Callable[[str, Path], None]

settings.register_profile("nightly", max_examples=1000)  # pytest --hypothesis-profile nightly
settings.register_profile("brief", max_examples=20)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give each test the mark of every real tool that it asks for."""
    for item in items:
        for name in TOOLS:
            if name in getattr(item, "fixturenames", ()):
                item.add_marker(name)


def missing(tool: str, reason: str) -> NoReturn:
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
def pgbouncer(postgres: Path) -> str:
    """PgBouncer's program; Debian keeps it off the usual PATH."""
    assert postgres.is_dir()
    program = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}{os.pathsep}/usr/sbin")
    if program is None:
        missing("pgbouncer", "no such program")
    return program or ""


@pytest.fixture(scope="session")
def german(postgres: Path) -> Iterator[Path]:
    """A folder with the locale de_DE.UTF-8, for LOCPATH: the machine's own locales stay as they are."""
    assert postgres.is_dir()
    if shutil.which("localedef") is None:
        missing("locales", "no localedef on PATH")
    if not list(Path("/usr/share/locale/de/LC_MESSAGES").glob("postgres-*.mo")):
        missing("locales", "this PostgreSQL has no German messages")
    with tempfile.TemporaryDirectory(prefix="locales-") as folder:  # pytest's own is closed to the server's user
        Path(folder).chmod(0o755)
        made = subprocess.run(
            ["localedef", "--no-archive", "-i", "de_DE", "-f", "UTF-8", f"{folder}/de_DE.UTF-8"],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        if made.returncode:
            missing("locales", f"localedef does not make de_DE.UTF-8: {made.stderr.strip()}")
        yield Path(folder)


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


@pytest.fixture
def disk() -> Iterator[Disk]:
    """Mount an empty disk of a kind (see `disks`) at a folder, for one test."""
    import disks

    with contextlib.ExitStack() as stack:

        def mount(kind: str, folder: Path) -> None:
            try:
                stack.enter_context(disks.mounted(kind, folder))
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
        places.setenv("PYBUILDKIT_COMPILE_PROFILE", "dev")  # CI asks for release
        places.setenv("NO_COLOR", "1")
        before = _environment()
        yield
        assert _environment() == before, "a test changed the environment"


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name != "PYTEST_CURRENT_TEST"}


@dataclass(frozen=True)
class Ran:
    """What one `invoke` command left behind."""

    exit_code: int
    stdout: str
    stderr: str
    started: tuple[str, ...]

    @property
    def json(self) -> Any:
        return json.loads(self.stdout)

    def outcomes(self) -> dict[str, str]:
        """Each module of the JSON result with what became of it."""
        return {row["module"]: row["outcome"] for row in self.json["modules"]}

    def reason(self, module: str) -> str:
        return str(next(row["reason"] for row in self.json["modules"] if row["module"] == module))


_DRIVER = """
import os, sys
def see(event, arguments):
    if event == "subprocess.Popen":
        with open(os.environ["STARTED"], "a") as file:
            file.write(" ".join(map(str, arguments[1])) + "\\n")
sys.addaudithook(see)
from invoke.main import program
program.run(["invoke", *sys.argv[1:]])
"""

InvokeRunner = Callable[..., Ran]


@pytest.fixture
def invoke(tmp_path_factory: pytest.TempPathFactory) -> InvokeRunner:
    """Run a real `invoke` in a project; the result names every process that it started itself."""

    def run(root: Path, *arguments: str, **environment: str) -> Ran:
        tasks = root / "tasks.py"
        if not tasks.exists():
            tasks.write_text("from buildkit.tasks import ns\n")
        log = tmp_path_factory.mktemp("started") / "log"
        done = subprocess.run(
            [sys.executable, "-c", _DRIVER, *arguments],
            cwd=root,
            env={**os.environ, "STARTED": str(log), **environment},
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
        started = tuple(log.read_text().splitlines()) if log.exists() else ()
        return Ran(done.returncode, done.stdout, done.stderr, started)

    return run


def python(root: Path, code: str) -> str:
    """Run code that can import the packages under `src`, and return what it prints."""
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(root / "src")},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return done.stdout.strip()
