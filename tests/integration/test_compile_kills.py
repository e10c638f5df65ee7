"""Many builds at once on one store, killed at random: nothing is left wrong, made twice at once, or left over."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import settings
from plugins.effort import FIGURES
from plugins.projects import APP, InvokeRunner, ProjectMaker, python

from buildkit.store import state as states

NIGHTLY = settings.get_current_profile_name() == "nightly"


PROJECT = {
    "pyproject.toml": APP,
    "tasks.py": "from buildkit.tasks import ns\n",
    "src/app/__init__.py": "",
    **{f"src/app/part_{letter}.py": "def answer() -> int:\n    return 0\n" for letter in "abc"},
    "src/app/fast.pyx": "from app cimport shared\n\ndef twice(int number):\n    return shared.double(number)\n",
    "src/app/shared.pxd": "cdef inline int double(int number):\n    return number * 2\n",
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

pytestmark = pytest.mark.usefixtures("compiler", "all_cores")


def extensions(root: Path) -> dict[str, bytes]:
    return {str(file.relative_to(root)): file.read_bytes() for file in sorted(root.rglob("*.so"))}


PROCESSES = 32

SECONDS = 600.0 if NIGHTLY else 6.0

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
