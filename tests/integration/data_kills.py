"""Kills a refresh of eight stages at every call that changes the disk, and looks at what the next start sees."""

from __future__ import annotations

import os
import shutil
import signal
import struct
import sys
from dataclasses import dataclass, field
from pathlib import Path

from data_stages import SECOND, content, leftovers, pipeline_in, renew

from buildkit.data.stages.pipeline import Pipeline
from buildkit.data.status.verify import require_whole, verify
from buildkit.data.volume import generations
from buildkit.doors import process
from buildkit.errors import BuildkitError
from buildkit.runtime.settings import VARIABLE, RuntimeSettings


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
