"""Kills a refresh of eight stages at every call that changes the disk, and counts what the next start sees.

    python tests/integration/data_faults.py kills [--every 1]     SIGKILL at each write, fsync, rename … of one refresh
    python tests/integration/data_faults.py crowd [--kills 100]   20 processes on one volume, the one at work killed
    python tests/integration/data_faults.py full                  a volume with room for 0, 1, 2 … pages (needs root)

Each prints its counts and ends with 1 where a single one is not as it should be. The tests run the same, bounded.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import json
import os
import random
import shutil
import signal
import struct
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO

import disks

from buildkit.data.refresh.refresh import refresh
from buildkit.data.stages.pipeline import Pipeline, Stage
from buildkit.data.status.verify import require_whole, verify
from buildkit.data.volume import generations
from buildkit.doors import process
from buildkit.errors import BuildkitError, StageError
from buildkit.runtime.settings import VARIABLE, RuntimeSettings

FIRST, SECOND = "one\ntwo\nthree\n", "one\nfour\ntwo\nthree\n"
_SOURCE = """
def read(source, out):
    lines = open("in.txt").read().split()
    for number, line in enumerate(lines):
        (out / "read" / f"{number}.txt").write_text(line)

def cut(item, out):
    (out / "cut" / item.name).write_text(item.read_text().upper())
    if item.read_text() == "four":
        (out / "cut/deep").mkdir()
        (out / "cut/deep/four").write_text("4")
"""
_SHELL = (
    (
        "sort",
        "read",
        "cat read/* /dev/null | tr -d '\\n' > sort/bytes; for f in read/*; do cat $f; echo; done > sort/all",
    ),
    ("split", "sort", "cp sort/all split/0; cat sort/all sort/all > split/1"),
    ("three", "split", "grep -h three split/0 > three/found"),  # equal for both inputs: the rest need not run
    ("number", "three", "cat three/found three/found > number/0; echo 4 > number/1"),
    ("publish", "number", "cat number/* > publish/all; echo done > publish/note"),
)
STAGES = (
    Stage("read", "app.pipeline:read", ("in.txt",), ("read/",)),
    *(
        Stage(name, ("sh", "-ec", f'cd "$PYBUILDKIT_DATA_OUT"; {script}'), (f"stage:{before}",), (f"{name}/",))
        for name, before, script in _SHELL
    ),
    Stage("cut", "app.pipeline:cut", outputs=("cut/",), each="stage:read/*.txt"),
    Stage(
        "join",
        ("sh", "-ec", 'cd "$PYBUILDKIT_DATA_OUT"; cat cut/*.txt > join/all'),
        outputs=("join/",),
        combine=("cut",),
    ),
)
"""Six stages in a row; one in pieces, of which a change of the input keeps one and makes three; one over all pieces."""

CALLS = ("create", "write", "fsync", "rename", "link", "symlink", "mkdir", "unlink", "rmdir", "chmod")


def pipeline_in(root: Path, text: str = FIRST) -> Pipeline:
    """Make the project of eight stages under `root`, and return its pipeline."""
    (root / "src/app").mkdir(parents=True)
    (root / "src/app/__init__.py").touch()
    (root / "src/app/pipeline.py").write_text(_SOURCE)
    (root / "in.txt").write_text(text)
    return Pipeline(root, root / "src", root / "data", STAGES)


def content(pipeline: Pipeline) -> dict[str, str]:
    """Return every file of the current generation, read through `current` as a service does."""
    folder = (pipeline.folder / "current").resolve()
    return {
        path.relative_to(folder).as_posix(): path.read_text()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "manifest.json"
    }


def quiet(_: object) -> None:
    """Say nothing."""


def renew(pipeline: Pipeline) -> dict[str, str]:
    """Refresh here; return what became of each stage."""
    return {row.subject: row.result for row in refresh(pipeline, os.environ, quiet).outcomes}


def leftovers(pipeline: Pipeline) -> list[str]:
    """Return what lies in the volume beside two whole generations and the files that belong there."""
    found = [path.name for path in pipeline.folder.glob(".current*")]
    found += [path.name for path in pipeline.folder.rglob("*") if path.name.endswith((".tmp", ".partial"))]
    names = [place.name for place in generations.all_of(pipeline.folder)]
    return found + names[2:]


# ------------------------------------------------------------------ SIGKILL at every point


class Shim:
    """The library that counts and kills, compiled once, and the state that it shares with us."""

    _INTS = 1024

    def __init__(self, place: Path) -> None:
        self.library = place / "killpoints.so"
        self._state = place / "state"
        self.log = place / "calls"
        source = Path(__file__).with_name("killpoints.c")
        made = process.run(
            ["cc", "-shared", "-fPIC", "-O1", "-o", str(self.library), str(source), "-ldl"], environment=os.environ
        )
        assert made.ok, made.stderr

    def environment(self, folder: Path, target: int = 0, *, log: bool = False) -> dict[str, str]:
        """Return the variables of a run below `folder` that is killed at point `target`; 0 for never."""
        self._state.write_bytes(struct.pack("ii", 0, target).ljust(4 * self._INTS, b"\0"))
        given = {"LD_PRELOAD": str(self.library), "KILL_STATE": str(self._state), "KILL_UNDER": str(folder)}
        return {**os.environ, **given, **({"KILL_LOG": str(self.log)} if log else {})}

    @property
    def count(self) -> int:
        """How many points the last run came to."""
        return int(struct.unpack_from("i", self._state.read_bytes())[0])

    def calls(self) -> list[tuple[str, Path, str]]:
        """Return each call that was logged."""
        return calls_in(self.log.read_text())


def calls_in(log: str) -> list[tuple[str, Path, str]]:
    """Return each call of a log: its name, the path it changed, the other path."""
    rows = (line.split("\t") for line in log.splitlines())
    return [(call, Path(path), other) for call, path, other in rows]


def run_killed(pipeline: Pipeline, shim: Shim, target: int, *, log: bool = False) -> int:
    """Run `python -m buildkit.runtime --renew` until point `target`; return its exit code."""
    settings = pipeline.root / "buildkit.json"
    settings.write_text(RuntimeSettings(pipeline.root, pipeline).as_text())
    return process.run(
        [sys.executable, "-m", "buildkit.runtime", "--renew"],
        folder=pipeline.root,
        environment={**shim.environment(pipeline.folder, target, log=log), VARIABLE: str(settings)},
    ).exit_code


@dataclass
class Kills:
    """What was counted."""

    points: int = 0
    killed: int = 0
    old: int = 0
    new: int = 0
    none: int = 0
    faults: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return (
            f"{self.points} points, {self.killed} killed: a start then saw the old generation {self.old} times, the "
            f"new one {self.new} times, none yet {self.none} times; {len(self.faults)} faults"
        )


def kill_everywhere(place: Path, *, cold: bool = False, every: int = 1, start: int = 1) -> Kills:
    """Kill a refresh at every point, or at each `every`-th from `start`; look at what is left, and refresh again.

    Args:
        place: an empty folder.
        cold: start without a generation, instead of with one that six of eight stages have to leave behind.
        every: take one point of so many.
        start: the first point.
    """
    shim = Shim(place)
    pipeline = pipeline_in(place / "project")
    kept = place / "kept"
    if not cold:
        renew(pipeline)
    old = {} if cold else content(pipeline)
    (pipeline.root / "in.txt").write_text(SECOND)
    if cold:
        pipeline.folder.mkdir()
    shutil.copytree(pipeline.folder, kept, symlinks=True)
    assert run_killed(pipeline, shim, 0, log=True) == 0
    new = content(pipeline)
    assert new not in ({}, old)
    found = Kills(points=shim.count)
    for target in range(start, found.points + 1, every):
        shutil.rmtree(pipeline.folder)
        shutil.copytree(kept, pipeline.folder, symlinks=True)
        code = run_killed(pipeline, shim, target)
        found.killed += code == -signal.SIGKILL
        _judge(pipeline, old, new, f"point {target}", found)
    return found


def _judge(pipeline: Pipeline, old: dict[str, str], new: dict[str, str], where: str, found: Kills) -> None:
    """Look at what a kill left; then refresh, which has to come to the new generation and leave nothing else behind."""
    try:
        if generations.current(pipeline.folder) is None:
            seen: dict[str, str] = {}
        else:
            require_whole(verify(pipeline, deep=True))
            seen = content(pipeline)
        if seen == new:
            found.new += 1
        elif seen != old:
            found.faults.append(f"{where}: neither the old nor the new data")
        elif seen:
            found.old += 1
        else:
            found.none += 1
        renew(pipeline)
        require_whole(verify(pipeline, deep=True))
        if content(pipeline) != new:
            found.faults.append(f"{where}: the next refresh came to other data")
        if left := leftovers(pipeline):
            found.faults.append(f"{where}: left behind {', '.join(left)}")
    except (BuildkitError, OSError) as error:
        found.faults.append(f"{where}: {error}")


# ------------------------------------------------------------------ twenty processes, the owner killed


@dataclass
class Crowd:
    """What was counted."""

    processes: int
    kills: int = 0
    inputs: int = 0
    commits: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return (
            f"{self.processes} processes, {self.kills} owners killed, {self.inputs} inputs: "
            f"{len(self.commits)} commits, {len(set(self.commits))} generations; {len(self.faults)} faults"
        )


WORKER = """
import fcntl, os, sys, time
from pathlib import Path
from buildkit.data.volume import lease
from buildkit.data.stages.pipeline import Pipeline
from buildkit.data.refresh.refresh import refresh
from buildkit.errors import BuildkitError
from buildkit.runtime import settings
lease.BEAT = 0.25
if sys.argv[1] == "lying":
    fcntl.flock = lambda *_: None
    lease._locks_hold = lambda _: False
pipeline = settings.of(os.environ).data
print("ready", flush=True)
for text in sys.stdin:
    try:
        refresh(pipeline, os.environ, lambda _: None)
        print("done", flush=True)
    except BuildkitError as error:
        print("error", type(error).__name__, error, flush=True)
"""
"""Refreshes each time it reads a line. With `lying` locks everybody gets every lock at once, as on some volumes."""


@dataclass(eq=False)
class Worker:
    """A process that refreshes each time it is told to.

    Args:
        host: the name of the machine that it runs on, and
        pid: its number there, as the lease names it.
        orders: takes a line each time.
        answers: gives one when it is done.
        kill: ends it with SIGKILL.
    """

    host: str
    pid: int
    orders: IO[str]
    answers: IO[str]
    kill: Callable[[], object]

    def tell(self) -> None:
        """Let it refresh."""
        self.orders.write("now\n")
        self.orders.flush()

    def until_done(self, found: Crowd) -> None:
        """Wait until it has; note what went wrong."""
        for line in self.answers:
            if line == "done\n":
                return
            if line != "ready\n":
                found.faults.append(line.strip())
                return
        found.faults.append("a worker ended")


READER = """
import hashlib, sys, threading, time
from pathlib import Path
from buildkit.data.volume import generations
from buildkit.data.volume import manifest
folder = Path(sys.argv[1])
seen, gone, stop = [], 0, threading.Event()
threading.Thread(target=lambda: (sys.stdin.readline(), stop.set()), daemon=True).start()
while not stop.wait(0.05):
    place = generations.current(folder)
    if place is None:
        continue
    try:
        text = (place / "manifest.json").read_text()
        whole = manifest.parse(text)
        if whole is None:
            print("half a manifest in", place.name, flush=True)
            continue
        for record in whole.stages.values():
            for path, file in record.files.items():
                if hashlib.sha256((place / path).read_bytes()).hexdigest() != file.digest:
                    print("other bytes in", place.name, path, flush=True)
        seen.append(place.name)
    except OSError as error:
        time.sleep(0.5)
        if (place / "manifest.json").exists() and generations.current(folder) == place:
            print("a part is missing:", place.name, error, flush=True)
        gone += 1
print("read", len(seen), "times whole,", len(set(seen)), "generations;", gone, "times it went away", flush=True)
"""
"""Reads the current generation again and again as a service would, every byte, until it reads a line."""


def crowd(place: Path, *, processes: int = 20, kills: int = 100, inputs: int = 10, lying: bool = False) -> Crowd:
    """Let many processes refresh one volume at once while the one that holds the lease is killed again and again.

    Args:
        place: an empty folder.
        processes: how many at once; one that was killed is replaced.
        kills: of owners at work, in all.
        inputs: how often the input changes; each change has to be committed once.
        lying: the volume's locks do not keep anybody out.
    """
    shim = Shim(place)
    pipeline = slowed(pipeline_in(place / "project"))
    settings = pipeline.root / "buildkit.json"
    settings.write_text(RuntimeSettings(pipeline.root, pipeline).as_text())
    environment = {**shim.environment(pipeline.folder, log=True), VARIABLE: str(settings)}
    environment["KILL_ONLY"] = "rename"
    children: list[process.Child] = []

    def start() -> Worker:
        child = process.start(
            [sys.executable, "-c", WORKER, "lying" if lying else "true"],
            folder=pipeline.root,
            environment=environment,
            stdin=process.PIPE,
            output=process.PIPE,
            errors=None,
        )
        children.append(child)
        assert child.stdin is not None
        assert child.stdout is not None
        return Worker(
            os.uname().nodename, child.pid, child.stdin, child.stdout, lambda: process.end(child, 0, signal.SIGKILL)
        )

    found = Crowd(processes)
    try:
        struggle(pipeline, [start] * processes, (pipeline.root / "in.txt").write_text, found, kills, inputs)
    finally:
        for child in children:
            process.end(child, 0.1)
    found.commits = commits_in(shim.calls())
    return found


def struggle(
    pipeline: Pipeline,
    starts: Sequence[Callable[[], Worker]],
    edit: Callable[[str], object],
    found: Crowd,
    kills: int,
    inputs: int,
) -> None:
    """Let workers refresh the same data for one input after the other, and kill who is at it.

    Args:
        pipeline: what they make; its folder is looked at from here.
        starts: starts one worker each, again when it was killed.
        edit: sets the input.
        found: takes what is seen.
        kills: of owners at work, in all.
        inputs: how many.
    """
    workers = [(start(), start) for start in starts]
    for round_ in range(inputs):
        edit(f"{FIRST}{round_}\n")
        for worker, _ in workers:
            worker.tell()
        due = kills * (round_ + 1) // inputs
        while found.kills < due and (owner := _owner(pipeline.folder, workers)):
            time.sleep(random.uniform(0, 0.15))
            if _owner(pipeline.folder, workers) is not owner:
                continue
            owner.kill()
            found.kills += 1
            at = next(at for at, (worker, _) in enumerate(workers) if worker is owner)
            start = workers[at][1]
            workers[at] = (start(), start)
            workers[at][0].tell()
        for worker, _ in workers:
            worker.until_done(found)
        found.inputs += 1
        require_whole(verify(pipeline, deep=True))
        if str(round_) not in content(pipeline).values():
            found.faults.append(f"input {round_} was not committed")
    if left := leftovers(pipeline):
        found.faults.append(f"left behind {', '.join(left)}")


def commits_in(calls: Iterable[tuple[str, Path, str]]) -> list[str]:
    """Return every switch to another generation among the calls that were logged."""
    return [other for call, path, other in calls if call == "rename" and path.name == "current"]


def slowed(pipeline: Pipeline) -> Pipeline:
    """Let the stages after the first take a moment, so that there is something to interrupt."""
    stages = pipeline.stages
    return replace(
        pipeline,
        stages=tuple(
            replace(stage, run=("sh", "-ec", f"{stage.run[2]}; sleep 0.05")) if len(stage.run) == 3 else stage
            for stage in stages
        ),
    )


def _owner(folder: Path, workers: Sequence[tuple[Worker, object]]) -> Worker | None:
    """Return the worker that has drawn the last number and not ended; None once nobody works for a while."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        last = max((path.stem for path in (folder / "leases").glob("*.json")), default="")
        if last and not (folder / f"leases/{last}.free").exists():
            with contextlib.suppress(OSError, ValueError):
                who = json.loads((folder / f"leases/{last}.json").read_text())
                for worker, _ in workers:
                    if (worker.host, worker.pid) == (who["host"], who["pid"]):
                        return worker
        time.sleep(0.005)
    return None


# ------------------------------------------------------------------ a volume filled to the last byte


@dataclass
class Full:
    """What was counted."""

    what: str
    refused: int = 0
    old: int = 0
    faults: list[str] = field(default_factory=list)
    words: set[str] = field(default_factory=set)

    def __str__(self) -> str:
        return (
            f"{self.refused} times too few {self.what}: the whole old generation was there {self.old} times, and the "
            f"next refresh went through once there was room; {len(self.faults)} faults"
        )


def fill_everywhere(place: Path, *, inodes: bool = False, every: int = 1, kind: str = disks.MEMORY) -> Full:
    """Refresh on a volume with room for 0, 1, 2 … more pages (or files) until it succeeds.

    Args:
        place: an empty folder.
        inodes: run out of files instead of bytes.
        every: grow by so many.
        kind: of the disk; what a stage writes there takes a page for each of its files at least.

    Raises:
        PermissionError: this user may not mount.
        FileNotFoundError: the program that makes such a disk is not there.
    """
    found = Full("files" if inodes else "pages")
    pipeline = pipeline_in(place / "project")
    if kind != disks.MEMORY:
        pipeline = replace(pipeline, stages=_large(pipeline.stages))
    kept, folder = place / "kept", pipeline.folder
    with disks.mounted(kind, folder):
        renew(pipeline)
        old = content(pipeline)
        (pipeline.root / "in.txt").write_text(SECOND)
        shutil.copytree(folder, kept, symlinks=True)
        for room in itertools.count(0, every):
            for entry in folder.iterdir():
                shutil.rmtree(entry) if entry.is_dir() and not entry.is_symlink() else entry.unlink()
            shutil.copytree(kept, folder, symlinks=True, dirs_exist_ok=True)
            _leave(folder, room, inodes=inodes)
            try:
                renew(pipeline)
            except StageError as error:
                found.refused += 1
                found.words.add(error.hint)
                if "the volume is full" not in error.hint:
                    found.faults.append(f"room {room}: {error.message}: {error.hint}")
            else:
                return found
            require_whole(verify(pipeline, deep=True))
            found.old += content(pipeline) == old
            (folder / disks.FILLER).unlink(missing_ok=True)
            if kind == disks.MEMORY:
                process.run(["mount", "-o", "remount,size=1m,nr_inodes=500", str(folder)])
            renew(pipeline)
            if content(pipeline) == old:
                found.faults.append(f"room {room}: the next refresh did not go through")
            if left := leftovers(pipeline):
                found.faults.append(f"room {room}: left behind {', '.join(left)}")
    raise AssertionError


def _large(stages: Sequence[Stage]) -> tuple[Stage, ...]:
    """Let the second stage write 100 kB for each line of the input: other disks keep tiny files beside the data."""
    script = "; for f in read/*; do head -c 100000 /dev/zero | tr '\\0' x > sort/large-${f#read/}; done"
    return tuple(
        replace(stage, run=("sh", "-ec", f"{stage.run[2]}{script}")) if stage.name == "sort" else stage
        for stage in stages
    )


def _leave(folder: Path, room: int, *, inodes: bool) -> None:
    """Leave room for so many pages, or files, on the volume."""
    usage = os.statvfs(folder)
    if inodes:
        process.run(["mount", "-o", f"remount,nr_inodes={usage.f_files - usage.f_ffree + room}", str(folder)])
    else:
        disks.leave(folder, room * usage.f_bsize)


def main() -> int:
    """Run one of them in full, and print what it counted."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("kills", "crowd", "full"))
    parser.add_argument("--every", type=int, default=1, help="take one point of so many")
    parser.add_argument("--kills", type=int, default=100, help="of owners at work")
    options = parser.parse_args()

    def runs(place: Path) -> Iterator[Kills | Crowd | Full]:
        if options.what == "kills":
            yield kill_everywhere(place / "warm", every=options.every)
            yield kill_everywhere(place / "cold", cold=True, every=options.every)
        elif options.what == "crowd":
            yield crowd(place / "true", kills=options.kills)
            yield crowd(place / "lying", kills=options.kills // 5, processes=8, lying=True)
        else:
            yield fill_everywhere(place / "pages", every=options.every)
            yield fill_everywhere(place / "files", every=options.every, inodes=True)

    good = True
    with tempfile.TemporaryDirectory(prefix="buildkit-faults-") as folder:
        for name in ("warm", "cold", "true", "lying", "pages", "files"):
            Path(folder, name).mkdir()
        for found in runs(Path(folder)):
            print(found, *found.faults, sep="\n  ", flush=True)
            good = good and not found.faults
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
