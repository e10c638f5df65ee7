"""Runs the project's tests in its working copy, and goes on behind a test that ends the process or does not end."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum, auto
from pathlib import Path

from buildkit.comparison import outcomes
from buildkit.comparison.outcomes import Run
from buildkit.core.untrusted import shown
from buildkit.doors import cancellation, files, process, python, reading

_HERE = Path(__file__).parent
_PLUGIN = "buildkit_pytest_record"
_TICK = 0.1
_MOST_STARTS = 20
_SHOWN = 20
_NO_PROGRAM = 127

LONGEST, LONGEST_TEST = 3600.0, 600.0
"""Seconds within which the tests, and each of them, end as plain Python."""

LONGEST_END = 60.0
"""Seconds within which pytest ends when all tests have: it may have a report to write."""

_LEAST, _TIMES = 10.0, 10
"""A test may take compiled: so many seconds, and so many times what it took as plain Python."""

_WHOLE_LEAST, _WHOLE_TIMES = 60.0, 5
"""The same for a whole run, and for what comes before, between and after the tests."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How long things may take, in seconds.

    Args:
        whole: one run of the command.
        tests: one test, by its name.
        other: a test that has no name there.
        end: the end of the process when all tests have ended, where the runner says that they have.
    """

    whole: float = LONGEST
    tests: Mapping[str, float] | None = None
    other: float = LONGEST_TEST
    end: float = LONGEST_END

    def of(self, test: str) -> float:
        """Return the limit of a test."""
        return self.other if self.tests is None else self.tests.get(test, self.other)


def limits_of(plain: Run) -> Limits:
    """Return the limits of a compiled run, from what the plain one took."""
    tests = {name: _LEAST + _TIMES * seconds for name, seconds in plain.seconds.items()}
    return Limits(_WHOLE_LEAST + _WHOLE_TIMES * plain.wall, tests, _WHOLE_LEAST)


Hear = Callable[[int, int], None]
"""Told again and again, while tests run, how many have ended, and of how many; of 0 where that is not known."""


class ProjectTests:
    """The command that runs the tests.

    Args:
        command: program and arguments.
        folder: where it runs.
        scratch: where what it records goes.
        environment: all of its environment; PYTHONPATH leads to the sources in the copy.
    """

    def __init__(self, command: Sequence[str], folder: Path, scratch: Path, environment: Mapping[str, str]) -> None:
        self._command = command
        self._folder = folder
        self._scratch = scratch
        self._environment = environment

    def run(
        self,
        limits: Limits,
        *,
        only: Iterable[str] | None = None,
        log: str = "tests",
        prepare: Callable[[], None] = lambda: None,
        hear: Hear = lambda _ended, _of: None,
    ) -> Run:
        """Run the tests once; of a test that ends the process or does not end, that is its outcome, and the rest runs.

        Args:
            limits: how long things may take.
            only: names of the tests to run; None for all. Heeded by pytest alone.
            log: the name of the file for what the command prints.
            prepare: called before each start of the command.
            hear: told how far the tests are.

        Raises:
            FileNotFoundError: there is no such program.
        """
        chosen = None if only is None else sorted(only)
        without: set[str] = set()
        whole: Run | None = None
        for start in range(_MOST_STARTS):
            prepare()
            part = self._once(limits, chosen, without, f"{log}.log", hear, keep=start > 0)
            whole = part if whole is None else outcomes.joined(whole, part)
            if part.is_whole or not part.is_named:
                break
            culprits = part.running or (outcomes.COLLECTION,)
            how = outcomes.ended(part.code)
            if len(culprits) > 1:  # several run at once: only one of them is it, and each runs again by itself
                culprits = culprits[:1]
            whole = replace(whole, outcomes={**whole.outcomes, **dict.fromkeys(culprits, how)})
            if not part.running:
                break
            without = {*whole.outcomes}
        assert whole is not None  # noqa: S101 - it starts once at least
        return whole

    def last_words(self, log: str = "tests") -> list[str]:
        """Return the last lines that a run printed."""
        return [shown(line) for line in self._log(f"{log}.log").strip().splitlines()[-_SHOWN:]]

    def _log(self, name: str) -> str:
        try:
            return reading.read(self._scratch / name).decode(errors="replace")
        except OSError:
            return ""

    def _once(
        self, limits: Limits, only: list[str] | None, without: Collection[str], log: str, hear: Hear, *, keep: bool
    ) -> Run:
        record, outcome = self._scratch / "record.jsonl", self._scratch / "outcome.json"
        plugin, choice = self._scratch / "plugin", self._scratch / "choice.json"
        for old in (record, outcome):
            files.remove(old)
        plugin.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(_HERE / "pytest_record.py", plugin / f"{_PLUGIN}.py")
        files.write(choice, json.dumps({"only": only, "without": sorted(without)}))
        named = [self._environment.get("PYTEST_PLUGINS", ""), _PLUGIN]
        environment = {
            **self._environment,
            "PYTHONPATH": os.pathsep.join(filter(None, [self._environment.get("PYTHONPATH", ""), str(plugin)])),
            "PYTEST_PLUGINS": ",".join(filter(None, named)),
            "PYBUILDKIT_RECORD": str(record),
            "PYBUILDKIT_CHOICE": str(choice),
        }
        began = time.monotonic()
        with open(self._scratch / log, "ab" if keep else "wb") as output:  # noqa: PTH123
            child = process.start(
                python.script_command(_HERE / "measured.py", str(outcome), *self._command),
                folder=self._folder,
                environment=environment,
                stdin=process.PIPE,
                output=output.fileno(),
            )
            try:
                end = _watched(child, _Record(record), limits, hear)
            finally:
                process.end(child, grace=0.0)
        wall = time.monotonic() - began
        code, memory, in_time = None, 0, end is End.BY_ITSELF
        if in_time and child.returncode == _NO_PROGRAM:
            raise FileNotFoundError(2, "there is no such program", self._command[0])
        if in_time and outcome.exists():
            found = json.loads(reading.read(outcome))
            code, wall, memory = found["code"], found["seconds"], found["memory"]
        elif in_time:  # the tests have ended their whole group
            code = child.returncode
        if record.exists():
            events = reading.read(record).decode(errors="replace").splitlines()
            return outcomes.of_events(events, code, wall, memory, is_held=end is End.HELD)
        return outcomes.of_output(self._log(log), code, wall, memory)


class _Record:
    """The record of a run, read as it grows."""

    def __init__(self, file: Path) -> None:
        self.running: dict[str, float] = {}
        """The tests that run, each with the moment since when."""
        self.ended = 0
        self.of = 0
        self.over = 0.0
        """The moment at which all had ended; 0 before."""
        self._file = file
        self._read = 0

    def follow(self, now: float) -> None:
        """Note what has been written since the last time."""
        try:
            with open(self._file, "rb") as file:  # noqa: PTH123
                file.seek(self._read)
                new = file.read()
        except FileNotFoundError:
            return
        whole = new.rpartition(b"\n")[0]
        self._read += len(whole) + 1 if whole else 0
        for line in whole.splitlines():
            event = json.loads(line)
            if event["event"] == "start":
                self.running[event["test"]] = now
            elif event["event"] == "collected":
                self.of = event["count"]
            elif event["event"] == "end":
                self.over = now
            elif event["event"] == "finish" or event.get("part") == "???":  # pytest-xdist's word on a dead worker
                self.ended += self.running.pop(event["test"], None) is not None


class End(Enum):
    """How a run of the command came to its end."""

    BY_ITSELF = auto()
    TOO_LATE = auto()
    HELD = auto()
    """All tests had ended, and the process did not."""


def _watched(child: process.Child, record: _Record, limits: Limits, hear: Hear) -> End:
    """Wait for the end of the command; return whether it came before a limit."""
    began = time.monotonic()
    while not process.ended_within(child, _TICK):
        cancellation.check()
        now = time.monotonic()
        record.follow(now)
        if record.over and now - record.over > limits.end:
            return End.HELD
        if now - began > limits.whole or any(now - since > limits.of(test) for test, since in record.running.items()):
            return End.TOO_LATE
        hear(record.ended, record.of)
    return End.BY_ITSELF
