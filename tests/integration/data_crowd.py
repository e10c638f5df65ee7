"""Many processes at work on one volume, of which the one that works is killed again and again."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO

from data_kills import Shim
from data_stages import FIRST, content, leftovers, pipeline_in

from buildkit.data.stages.pipeline import Pipeline
from buildkit.data.status.verify import require_whole, verify
from buildkit.doors import process
from buildkit.runtime.settings import VARIABLE, RuntimeSettings


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
