"""Runs the pieces of one stage on all cores through the fork server, and yields how each ended."""

from __future__ import annotations

import collections
import contextlib
import json
import os
import queue
import shutil
import signal
import threading
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from buildkit.data.processes import stage_process
from buildkit.data.stages.pipeline import Pipeline, Stage
from buildkit.doors import process, python
from buildkit.errors import StageError

Say = Callable[[str], None]
Starter = Callable[[int, int, int], tuple[process.Child, dict[str, object]]]
"""Starts a server with three descriptors (orders, events, output), and returns it with its settings."""

_LAST_LINES = 20
_GRACE = 1.0
_AHEAD = 2
"""So many pieces for each job are ordered before they can start, so that none waits for an order."""


@dataclass(frozen=True, slots=True)
class Task:
    """A piece to run: the name and the path of its item."""

    item: str
    place: Path


@dataclass(frozen=True, slots=True)
class Done:
    """A piece that has ended: its exit code, output folder, seconds, and the last lines that it printed."""

    task: Task
    out: Path
    exit_code: int
    seconds: float
    words: tuple[str, ...] = ()


class Pool:
    """The worker processes for the pieces of one stage.

    Args:
        stage: the stage.
        pipeline: the pipeline that the stage belongs to.
        generation: the folder with the outputs of the stages before it.
        environment: the environment variables for the stage.
        say: called with each line that a piece prints.
    """

    def __init__(
        self, stage: Stage, pipeline: Pipeline, generation: Path, environment: Mapping[str, str], say: Say
    ) -> None:
        self._stage = stage
        self._pipeline = pipeline
        self._environment = stage_process.environment_of(stage, pipeline, generation, environment)
        del self._environment["PYBUILDKIT_DATA_OUT"]  # each piece has its own
        self._say = say
        self._jobs = stage.jobs or stage_process.cores()

    def run(self, tasks: Iterable[Task], work: Callable[[], Path]) -> Generator[Done, None, None]:
        """Run the tasks in order and yield each when it ends; closing the iterator ends the pieces that still run.

        If a process is killed, only its own piece fails.

        Args:
            tasks: the pieces to run.
            work: returns a new empty folder for a piece to write into.

        Raises:
            StageError: no piece can be run at all.
        """
        self._require_program()
        waiting = collections.deque(tasks)
        while waiting:
            shift = _ServerRun(self._stage, self._jobs, self._say, work)
            yield from shift.run(waiting, self._start)
            if waiting and not shift.began:
                raise StageError(
                    f"stage {self._stage.name}: {stage_process.ending(shift.exit_code)} before its first piece",
                    details=tuple(shift.words),
                    hint="the data that was there stays as it is; mend the stage and run again",
                )

    def _require_program(self) -> None:
        run = self._stage.run
        if not isinstance(run, str) and not shutil.which(run[0], path=self._environment.get("PATH")):
            raise stage_process.program_missing(self._stage, run[0], "no such program")

    def _start(self, orders: int, events: int, output: int) -> tuple[process.Child, dict[str, object]]:
        command = python.module_command("buildkit.data.processes.fork_server", str(orders), str(events))
        try:
            child = process.start(
                command,
                folder=self._pipeline.root,
                environment=self._environment,
                output=output,
                inherit=(orders, events),
            )
        except OSError as error:
            raise stage_process.program_refused(self._stage, command[0], error) from None
        return child, {
            "run": self._stage.run,
            "source_root": str(self._pipeline.source_root),
            "jobs": self._jobs,
            "memory": self._stage.memory,
            "params": dict(self._stage.params),
        }


class _ServerRun:
    """Runs tasks through one server process, until none is left or that process has died."""

    def __init__(self, stage: Stage, jobs: int, say: Say, work: Callable[[], Path]) -> None:
        self._stage = stage
        self._jobs = jobs
        self._say = say
        self._work = work
        self._drawn = 0
        self._ordered: dict[int, tuple[Task, Path]] = {}
        self._pids: dict[int, int] = {}
        self._lines: dict[int, collections.deque[str]] = {}
        self._ends: queue.SimpleQueue[tuple[int, int, float] | None] = queue.SimpleQueue()
        self.words: collections.deque[str] = collections.deque(maxlen=_LAST_LINES)
        self.began = False
        self.exit_code = 0

    def run(self, waiting: collections.deque[Task], start: Starter) -> Generator[Done, None, None]:
        """Run the tasks in `waiting` until none is left or the server has died; put back those that never started."""
        with self._server(start) as ordering:
            self._fill(waiting, ordering)
            while self._ordered and (end := self._ends.get()) is not None:
                number, exit_code, seconds = end
                task, out = self._ordered.pop(number)
                self._fill(waiting, ordering)
                yield Done(task, out, exit_code, seconds, tuple(self._lines.pop(number, ())))
        for number in sorted(self._ordered, reverse=True):
            task, out = self._ordered.pop(number)
            if number in self._pids:
                words = (*self._lines.get(number, ()), f"its foreman: {stage_process.ending(self.exit_code)}")
                yield Done(task, out, self.exit_code or 1, 0.0, words)
            else:
                waiting.appendleft(task)

    @contextlib.contextmanager
    def _server(self, start: Starter) -> Iterator[int]:
        """Start a server for the block, and yield the descriptor that orders are written to."""
        taking, ordering = os.pipe()
        hearing, telling = os.pipe()
        listening, speaking = os.pipe()
        listeners = (
            threading.Thread(target=self._listen, args=(listening,), daemon=True),
            threading.Thread(target=self._hear, args=(hearing,), daemon=True),
        )
        for listener in listeners:
            listener.start()
        try:
            try:
                child, settings = start(taking, telling, speaking)
            finally:
                for descriptor in (taking, telling, speaking):
                    os.close(descriptor)
            try:
                self._order(ordering, settings)
                yield ordering
            finally:
                self.exit_code = process.end(child, _GRACE)
                self._end_orphans()
        finally:
            os.close(ordering)
            for listener in listeners:
                listener.join(_GRACE)

    def _end_orphans(self) -> None:
        """End the pieces of a server that was killed."""
        for pid in [*self._pids.values()]:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(pid, signal.SIGKILL)

    def _fill(self, waiting: collections.deque[Task], ordering: int) -> None:
        while waiting and len(self._ordered) < _AHEAD * self._jobs:
            self._drawn += 1
            task, out = self._ordered[self._drawn] = (waiting.popleft(), self._work())
            self._order(ordering, [self._drawn, str(task.place), str(out)])

    def _order(self, ordering: int, values: object) -> None:
        text = json.dumps(values).encode() + b"\n"
        with contextlib.suppress(BrokenPipeError):  # the server has died: its events end
            while text:
                text = text[os.write(ordering, text) :]

    def _hear(self, hearing: int) -> None:
        """Read the server's events continuously, so that it never blocks on a full pipe."""
        with open(hearing, "rb") as events:
            for line in events:
                try:
                    kind, number, *values = json.loads(line)
                except ValueError:  # cut short by a kill
                    break
                if kind == "began":
                    self.began = True
                    (self._pids[number],) = values
                elif kind == "line":
                    self._lines.setdefault(number, collections.deque(maxlen=_LAST_LINES)).append(values[0])
                    task, _ = self._ordered.get(number, (None, None))
                    self._say(f"{self._stage.name}: {task.item if task else number}: {values[0]}")
                else:
                    self._pids.pop(number, None)
                    self._ends.put((number, *values))
        self._ends.put(None)

    def _listen(self, listening: int) -> None:
        """Read what the server itself prints, such as the output of importing the callable."""
        with open(listening, encoding="utf-8", errors="replace") as lines:
            for line in lines:
                self.words.append(line.rstrip("\n"))
                self._say(f"{self._stage.name}: {self.words[-1]}")
