"""What can go wrong with machine and disk: kills among many builds, and every byte that a build rests on, harmed."""

from __future__ import annotations

import contextlib
import fcntl
import io
import json
import logging
import os
import random
import shutil
import signal
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import settings
from plugins.projects import InvokeRunner, ProjectMaker, python

from buildkit.config import load
from buildkit.core.fingerprint import digest_bytes
from buildkit.flows.compile import compile_modules
from buildkit.model import Digest, Report
from buildkit.report.console import Console
from buildkit.store import snapshot as snapshots
from buildkit.store import state as states
from buildkit.store.artifacts import Store
from buildkit.store.snapshot import Snapshot
from buildkit.store.state import State

NIGHTLY = settings.get_current_profile_name() == "nightly"
FIGURES = logging.getLogger("figures")
"""What a test counted: pytest --log-cli-level=INFO shows it."""

SUFFIX = sysconfig.get_config_var("EXT_SUFFIX")

PROJECT = {
    "pyproject.toml": '[project]\nname = "app"\n[tool.buildkit]\npackages = ["app"]\n',
    "tasks.py": "from buildkit.tasks import ns\n",
    "src/app/__init__.py": "",
    **{f"src/app/part_{letter}.py": "def answer() -> int:\n    return 0\n" for letter in "abc"},
    "src/app/fast.pyx": "from app cimport shared\n\ndef twice(int number):\n    return shared.double(number)\n",
    "src/app/shared.pxd": "cdef inline int double(int number):\n    return number * 2\n",
}
ONE = {
    "pyproject.toml": PROJECT["pyproject.toml"],
    "src/app/__init__.py": "",
    "src/app/fast.pyx": "def answer(int number):\n    return number + 1\n",
}
BUILDERS = """
import json, os, pathlib, sys, traceback
import buildkit.extensions.do, buildkit.extensions.look, buildkit.extensions.record
from buildkit.config import load
from buildkit.flows.compile import compile_modules
from buildkit.report.console import Console

def build():
    os.setsid()
    compile_modules(load(pathlib.Path.cwd(), os.environ), Console(os.environ), os.environ)

def ended():
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if not pid:
            return
        yield pid, os.waitstatus_to_exitcode(status)

for line in sys.stdin:
    if line.strip():
        pid = os.fork()
        if not pid:
            os.chdir(line.strip())
            try:
                build()
            except BaseException:
                traceback.print_exc()
                os._exit(1)
            os._exit(0)
        print(pid, flush=True)
    else:
        print(json.dumps(list(ended())), flush=True)
"""
"""Forks one build a line, in the folder that it names, and tells its process id; at an empty line, who has ended."""

pytestmark = pytest.mark.usefixtures("compiler")


def extensions(root: Path) -> dict[str, bytes]:
    return {str(file.relative_to(root)): file.read_bytes() for file in sorted(root.rglob("*.so"))}


# ------------------------------------------------------------------ many processes, killed at random

PROCESSES = 32
SECONDS = 600.0 if NIGHTLY else 12.0

LOGGING_COMPILER = """\
#!/bin/sh
# $PPID is the build; a line that begins a compilation or a link names it with what goes in: its name and digest
case "$*" in *probe.c*|*-print-*|*-###*|*/dev/null*) exec {compiler} "$@" ;; esac
for word; do case "$word" in *.o) object=$word ;; *.c) text=$word ;; esac; done
text=${{text:-$object}}
what="${{text##*/}} $(sha256sum <"$text" | cut -c1-16)"
echo "begin $what $PPID" >>{log}
{compiler} "$@"
code=$?
echo "end $what $PPID" >>{log}
exit $code
"""


@dataclass
class Swarm:
    """Builds that run at once on some trees and one store; any may be killed.

    Args:
        trees: each build works on one of them, in turn.
        environment: that of the builds.
        log: gets a line before a kill; the compiler writes the others.
    """

    trees: list[Path]
    environment: dict[str, str]
    log: Path
    running: list[int] = field(default_factory=list)
    count: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._words = tempfile.TemporaryFile("w+")  # noqa: SIM115 - closed by `close`
        self._builders = subprocess.Popen(
            [sys.executable, "-c", BUILDERS],
            env=self.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._words,
            text=True,
        )

    def close(self) -> None:
        for build in self.running:
            os.kill(build, signal.SIGKILL)
        self._builders.communicate(timeout=60)
        self._words.close()

    def start(self) -> None:
        tree = self.trees[self.count["started"] % len(self.trees)]
        self.count["started"] += 1
        self.running.append(int(self._ask(str(tree))))

    def kill(self, build: int) -> None:
        with self.log.open("a") as log:
            log.write(f"kill {build}\n")
        os.kill(build, signal.SIGKILL)  # it is a zombie at least: nobody but `reap` waits for it

    def reap(self) -> None:
        """Take away those that have ended, which is well unless they were killed."""
        for build, code in json.loads(self._ask("")):
            self.running.remove(build)
            if code not in {0, -signal.SIGKILL}:
                self._words.seek(0)
                pytest.fail(f"exit code {code}: {self._words.read()[-3000:]}")
            self.count["killed" if code else "ended well"] += 1

    def reap_all(self) -> None:
        deadline = time.monotonic() + 120
        while self.running and time.monotonic() < deadline:
            self.reap()
            time.sleep(0.05)
        assert self.running == [], "a build hangs"

    def _ask(self, line: str) -> str:
        assert self._builders.stdin is not None
        assert self._builders.stdout is not None
        self._builders.stdin.write(f"{line}\n")
        self._builders.stdin.flush()
        return self._builders.stdout.readline()


def compiled_twice_at_once(log: Path) -> list[str]:
    """Return what was compiled by two live builds at once: the log's order is that of the events.

    A compiler may outlive a build that was killed; its parent is then that build still, or the first process.
    """
    compiling: dict[str, str] = {}
    dead = {"1"}
    found = []
    for line in log.read_text().splitlines():
        event, *words, build = line.split()
        what = " ".join(words)
        if event == "kill":
            dead.add(build)
            compiling = {what: by for what, by in compiling.items() if by != build}
        elif event == "begin" and build not in dead:
            found += [f"{line}, while {compiling[what]} does"] if what in compiling else []
            compiling[what] = build
        elif event == "end" and compiling.get(what) == build:
            del compiling[what]
    return found


@pytest.mark.slow
@pytest.mark.timeout(SECONDS + 280)
def test_builds_at_once_with_random_kills_leave_nothing_wrong_twice_or_over(
    project: ProjectMaker,
    invoke: InvokeRunner,
    tmp_path: Path,
    compiler: str,
) -> None:
    """32 processes on one store, most of them on one tree, whose sources are edited all the time."""
    root = project(PROJECT)
    clone = tmp_path / "clone"
    shutil.copytree(root, clone)
    cache, log, wrapper, scratch = (tmp_path / name for name in ("cache", "log", "cc", "scratch"))
    scratch.mkdir()
    wrapper.write_text(LOGGING_COMPILER.format(compiler=compiler, log=log))
    wrapper.chmod(0o755)
    own = {"PYBUILDKIT_CACHE_DIR": str(cache), "PYBUILDKIT_COMPILE_PROFILE": "release", "CC": str(wrapper)}
    chance = random.Random(20)

    trees = [root, root, root, clone]
    with contextlib.closing(Swarm(trees, {**os.environ, **own, "TMPDIR": str(scratch)}, log)) as swarm:
        for _ in range(PROCESSES):
            swarm.start()
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            swarm.kill(chance.choice(swarm.running[: chance.choice((2, PROCESSES))]))  # the oldest work already
            if chance.random() < 0.3:
                source = chance.choice(swarm.trees) / f"src/app/part_{chance.choice('abc')}.py"
                new = source.with_suffix(".new")
                new.write_text(f"def answer() -> int:\n    return {chance.randrange(20)}\n")
                new.replace(source)
            time.sleep(chance.uniform(0.0, 0.3))
            swarm.reap()
            while len(swarm.running) < PROCESSES:
                swarm.start()
        swarm.reap_all()

    assert compiled_twice_at_once(log) == [], log.read_text()
    swarm.count["compiled"] = log.read_text().count("begin ")
    FIGURES.info("%s", dict(swarm.count))
    assert swarm.count["killed"] > SECONDS
    assert swarm.count["ended well"] >= PROCESSES
    for tree in (root, clone):
        built = invoke(tree, "compile", "--json", **own)
        assert built.exit_code == 0, built.stderr
        assert built.outcomes() == {f"app.{name}": "fresh" for name in ("fast", "part_a", "part_b", "part_c")}
        answers = ", ".join(f"app.part_{letter}.answer()" for letter in "abc")
        modules = ", ".join(f"app.part_{letter}" for letter in "abc")
        expected = [(tree / f"src/app/part_{letter}.py").read_text().split()[-1] for letter in "abc"]
        assert python(tree, f"import {modules}; print({answers})") == " ".join(expected)
        assert extensions(tree) == from_nothing(tree, tmp_path / "clean" / tree.name, invoke, own)
        assert not any(states.read(file).damaged for file in (tree / ".buildkit").glob("state*"))
        assert sorted(file.name for file in (tree / "src/app").glob(".*")) == []
        assert sorted(file.name for file in (tree / ".buildkit").iterdir() if "begun" in file.name) == []
        assert list(tree.rglob("*.tmp")) == []
    assert [file for file in [*cache.rglob("locks/*"), root / ".buildkit/compile.lock"] if is_held(file)] == []
    assert invoke(root, "cache.verify", "--json", **own).json["bad"] == 0
    for file in cache.rglob("*.tmp"):
        os.utime(file, (0, 0))
    invoke(root, "cache.prune", **own)
    assert list(cache.rglob("*.tmp")) == []
    assert processes_in(tmp_path) == []


def from_nothing(root: Path, place: Path, invoke: InvokeRunner, environment: dict[str, str]) -> dict[str, bytes]:
    shutil.copytree(root, place, ignore=shutil.ignore_patterns(".buildkit", "*.so"))
    ran = invoke(place, "compile", **{**environment, "PYBUILDKIT_CACHE_DIR": str(place.parent / f"{place.name}-cache")})
    assert ran.exit_code == 0, ran.stderr
    return extensions(place)


def is_held(lock: Path) -> bool:
    with lock.open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def processes_in(place: Path) -> list[str]:
    """Return the processes that work below `place`, for which they have ten seconds to end."""
    deadline = time.monotonic() + 10
    while True:
        found = [name for folder in Path("/proc").glob("[0-9]*") if (name := name_of_process_in(place, folder))]
        if not found or time.monotonic() > deadline:
            return found
        time.sleep(0.1)


def name_of_process_in(place: Path, folder: Path) -> str:
    """Return the command of a process, empty where it ended or works elsewhere."""
    with contextlib.suppress(OSError):
        if (folder / "cwd").resolve().is_relative_to(place):
            return (folder / "cmdline").read_text().replace("\0", " ")
    return ""


# ------------------------------------------------------------------ every byte


@dataclass(frozen=True)
class Built:
    """A project of one module that was built once: the folder has `project` and `cache`, and stays as it is."""

    place: Path
    extension: bytes

    def copy(self, place: Path) -> Path:
        shutil.copytree(self.place, place)
        return place


def build(place: Path) -> tuple[Report, str]:
    """Build `project` in `place` with the store beside it; return the report and what was said."""
    talk = io.StringIO()
    environment = {**os.environ, "PYBUILDKIT_CACHE_DIR": str(place / "cache")}
    return compile_modules(load(place / "project", {}), Console({}, talk=talk), environment), talk.getvalue()


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    place = tmp_path_factory.mktemp("built")
    for name, text in ONE.items():
        file = place / "project" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    build(place)
    (content,) = extensions(place).values()
    return Built(place, content)


def harms(content: bytes, step: int) -> Iterator[bytes]:
    """Yield the content with each byte flipped in one bit, then cut at each length; of `step` of them one."""
    for at in range(0, len(content), step):
        harmed = bytearray(content)
        harmed[at] ^= 1 << at % 8
        yield bytes(harmed)
    for length in range(0, len(content), step):
        yield content[:length]


def step_for(content: bytes) -> int:
    """Return of how many bytes one is harmed: each one of a small file, and at night."""
    return 1 if NIGHTLY or len(content) < 10_000 else 23


@pytest.mark.slow
@pytest.mark.timeout(3600 if NIGHTLY else 300)
def test_every_harmed_byte_of_the_store_is_noticed_and_the_entry_put_away(built: Built, tmp_path: Path) -> None:
    warnings: list[str] = []
    store = Store(built.copy(tmp_path / "copy") / "cache", warnings.append)
    stored = [file for kind in ("actions", "blobs") for file in sorted((store.folder / kind).rglob("*/*"))]
    assert len(stored) >= 4
    cases = 0
    for file in stored:
        content, name = file.read_bytes(), Digest(file.name.partition(".")[0])
        read: Callable[[Digest], object] = store.entries if file.parent.parent.name == "actions" else store.get
        whole = read(name)
        assert whole
        for harmed in harms(content, step_for(content)):
            file.write_bytes(harmed)
            warnings.clear()
            found = read(name)
            cases += 1
            if found == whole and file.suffix == ".z":
                continue  # a bit beside the last deflated one has no meaning: the content is whole
            assert not found
            assert not file.exists()
            assert len(warnings) == 1
        file.write_bytes(content)
    FIGURES.info("%d cases", cases)


@pytest.mark.slow
@pytest.mark.timeout(3600 if NIGHTLY else 300)
@pytest.mark.parametrize("name", ["project/.buildkit/state*", "project/.buildkit/seen*", "cache/v1/tools"])
def test_every_harmed_byte_of_what_is_remembered_is_noticed(built: Built, tmp_path: Path, name: str) -> None:
    (kept,) = built.place.glob(name)
    read: Callable[[Path], State | Snapshot] = states.read if "state" in name else snapshots.read
    file, content = tmp_path / kept.name, kept.read_bytes()
    cases = 0
    for harmed in harms(content, step_for(content)):
        file.write_bytes(harmed)
        assert read(file).damaged
        cases += 1
    FIGURES.info("%d cases", cases)


POSITIONS = 200 if NIGHTLY else 4
"""In each file at which whole builds meet a harm, beside its first and last bytes."""


def sample(content: bytes, chance: random.Random) -> Iterator[tuple[str, bytes]]:
    """Yield some harms of a file, each with its name."""
    length = len(content)
    somewhere = {chance.randrange(length) for _ in range(POSITIONS)}
    positions = sorted({0, 64, 65, length - 1, *somewhere} & {*range(length)})
    for at in positions:
        flipped = bytearray(content)
        flipped[at] ^= 1 << chance.randrange(8)
        yield f"byte {at} flipped", bytes(flipped)
    for at in (0, 1, *positions[2::3]):
        yield f"cut at {at}", content[:at]


@pytest.mark.slow
@pytest.mark.timeout(4 * 3600 if NIGHTLY else 300)
def test_whole_builds_mend_what_was_harmed(built: Built, tmp_path: Path) -> None:
    """In the checkout itself, and for what lies in the store in a fresh one, which reads the store."""
    chance = random.Random(22)
    count: Counter[str] = Counter()
    harmed_files = [
        file
        for file in sorted(built.place.rglob("*"))
        if file.is_file() and file.stat().st_size and ({"cache", ".buildkit"} & {*file.parts} or file.suffix == ".so")
    ]
    assert len(harmed_files) >= 6
    for file in harmed_files:
        name = file.relative_to(built.place)
        for harm, content in sample(file.read_bytes(), chance):
            case = tmp_path / "case"
            built.copy(case)
            if name.parts[0] == "cache":
                shutil.rmtree(case / "project/.buildkit")
                (case / f"project/src/app/fast{SUFFIX}").unlink()
            (case / name).write_bytes(content)

            report, talk = build(case)

            words = f"{name}: {harm}: {report.outcomes}: {talk}"
            (extension,) = extensions(case).values()
            assert extension == built.extension, words
            noticed = report.outcomes[0].result != "fresh" or "damaged" in talk
            harmless = name.parts[0] == "cache" and report.outcomes[0].result == "restored"
            # What Git reads is for others; a lock names its holder to those who wait. No build rests on either.
            harmless = harmless or name.name == ".gitignore" or name.suffix == ".lock" or "locks" in name.parts
            assert noticed or harmless, words
            count["noticed" if "damaged" in words else "not read"] += 1
            again, talk = build(case)
            assert [row.result for row in again.outcomes] == ["fresh"], words
            assert talk == "", words
            assert list(case.rglob("*.tmp")) == []
            shutil.rmtree(case)
    FIGURES.info("%s", dict(count))


@pytest.mark.slow
def test_a_harmed_list_of_what_was_begun_hides_nothing(built: Built, tmp_path: Path) -> None:
    """A killed build, then a harm to its list, then the source goes: its extension goes too."""
    (state,) = (built.place / "project/.buildkit").glob("state*")
    begun = state.name.replace("state", "begun").removesuffix(".json")
    digest = digest_bytes(built.extension)
    for at in (2, 20, 40, -1):
        case = built.copy(tmp_path / f"case-{at}")
        root = case / "project"
        (root / "src/app/late.py").write_text("LATE = 1\n")
        build(case)
        late = (root / f"src/app/late{SUFFIX}").read_bytes()
        shutil.copy(state, root / ".buildkit" / state.name)
        from_kill = f'["app.late", "app/late{SUFFIX}", "{digest_bytes(late)}"]'
        line = bytearray(f"\n{digest_bytes(from_kill.encode())[:16]} {from_kill}".encode())
        assert digest != digest_bytes(late)
        line[at] ^= 1
        (root / ".buildkit" / begun).write_bytes(line)
        (root / "src/app/late.py").unlink()

        build(case)

        assert [Path(name).name for name in extensions(case)] == [f"fast{SUFFIX}"], at
