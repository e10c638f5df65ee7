"""Reads what a run of the tests wrote, and decides what differs between two runs."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

WHOLE = "the whole run"
"""Stands for a test where it is not known which it was, or where the runner names none."""

COLLECTION = "the collection of the tests"
"""Stands for a test where the run ended before the first of them."""

ABSENT = "not there"
BAD = frozenset({"failed", "error"})
GOOD = frozenset({"passed", "skipped", "xfailed", "xpassed"})
_ENDS = ("crashed", "hangs")
_PARTS = frozenset({"setup", "call", "teardown"})
_UNITTEST = re.compile(r"^(FAIL|ERROR): (.+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Run:
    """What came of one run of the tests.

    Args:
        outcomes: the outcome of each test by its name: `passed`, `failed`, `error`, `skipped`, `xfailed`, `xpassed`,
            `crashed: SIGSEGV`, `hangs`.
        words: the error's line of those that failed.
        seconds: what each test took, with what was set up for it.
        code: the command's exit code, negative for a signal; None where it was ended.
        running: the tests that had begun and had not ended.
        is_whole: whether the run came to its end.
        is_named: whether the runner names its tests.
        wall: seconds of the whole.
        memory: the most memory that a process of it had, in bytes.
        extensions: those that were loaded at its end, by their names as modules; None where that is not known.
        holders: what kept the process from ending when all tests had; None where it ended by itself.
    """

    outcomes: Mapping[str, str]
    words: Mapping[str, str] = field(default_factory=dict)
    seconds: Mapping[str, float] = field(default_factory=dict)
    code: int | None = 0
    running: tuple[str, ...] = ()
    is_whole: bool = True
    is_named: bool = True
    wall: float = 0.0
    memory: int = 0
    extensions: frozenset[str] | None = None
    holders: tuple[str, ...] | None = None

    @property
    def time(self) -> float:
        """The seconds of the tests: of each by itself where they are known, so that the runner's own do not count."""
        return sum(self.seconds.values()) if self.seconds else self.wall

    def outcome(self, test: str) -> str:
        """Return the outcome of a test. A runner that names those alone that fail says nothing of others."""
        return self.outcomes.get(test, ABSENT if self.is_named or test == WHOLE else "passed")


class Changed(NamedTuple):
    """A test that comes out otherwise.

    Args:
        test: its name.
        plain: its outcome as plain Python.
        compiled: its outcome compiled.
        words: the error's line of the compiled run, or of the plain one.
    """

    test: str
    plain: str
    compiled: str
    words: str = ""

    def __str__(self) -> str:
        return f"{self.test}: {self.plain} → {self.compiled}" + (f" ({self.words})" if self.words else "")


def of_events(lines: Iterable[str], code: int | None, wall: float, memory: int, *, is_held: bool = False) -> Run:
    """Return the run that pytest's plugin recorded.

    Args:
        lines: what it wrote.
        code: the command's exit code; None where it was ended.
        wall: its seconds.
        memory: its most memory, in bytes.
        is_held: whether the process was ended when all tests had, since it did not end by itself.
    """
    outcomes: dict[str, str] = {}
    words: dict[str, str] = {}
    seconds: dict[str, float] = {}
    running: dict[str, None] = {}
    end: dict[str, Any] = {}
    for event in _events(lines):
        kind, test = event["event"], event.get("test", "")
        if kind == "start":
            running[test] = None
        elif kind == "finish":
            running.pop(test, None)
        elif kind == "uncollected":
            outcomes[test], words[test] = "error", event["words"]
        elif kind == "report":
            seconds[test] = seconds.get(test, 0.0) + event["seconds"]
            outcomes[test] = _together(outcomes.get(test, ""), event)
            if outcomes[test] == "crashed":
                running.pop(test, None)
            if event["words"]:
                words[test] = event["words"]
        elif kind == "end":
            end = event
    for test in running:
        outcomes.pop(test, None)
    loaded = frozenset(end["extensions"]) if end else None
    most = max(memory, end.get("memory", 0))
    holders = tuple(end.get("holders", ())) if is_held else None
    code = end["code"] if is_held and end else code
    return Run(outcomes, words, seconds, code, tuple(running), bool(end), True, wall, most, loaded, holders)


def of_output(output: str, code: int | None, wall: float, memory: int) -> Run:
    """Return the run of another runner: unittest names what fails, of others only the exit code is known.

    Args:
        output: what it printed.
        code: its exit code; None where it was ended.
        wall: its seconds.
        memory: its most memory, in bytes.
    """
    how = ended(code) if code is None or code < 0 else "passed" if code == 0 else f"failed: exit code {code}"
    named = {name: "failed" if kind == "FAIL" else "error" for kind, name in _UNITTEST.findall(output)} if code else {}
    whole = code is not None and code >= 0
    return Run({WHOLE: how, **named}, code=code, is_whole=whole, is_named=False, wall=wall, memory=memory)


def ended(code: int | None) -> str:
    """Return the outcome of a test at which the run ended.

    Args:
        code: the exit code of the process; None where it was ended for taking too long.
    """
    import signal  # noqa: PLC0415 - only where something crashed

    if code is None:
        return "hangs"
    return f"crashed: {signal.Signals(-code).name}" if code < 0 else f"crashed: exit code {code}"


def joined(first: Run, second: Run) -> Run:
    """Return two parts of one run as one."""
    loaded = (first.extensions or frozenset()) | (second.extensions or frozenset())
    return Run(
        {**first.outcomes, **second.outcomes},
        {**first.words, **second.words},
        {**first.seconds, **second.seconds},
        second.code,
        second.running,
        second.is_whole,
        first.is_named,
        first.wall + second.wall,
        max(first.memory, second.memory),
        loaded if second.extensions is not None else first.extensions,
        second.holders,
    )


def changed(plain: Run, compiled: Run) -> list[Changed]:
    """Return the tests that come out otherwise, in the order of their names."""
    found = []
    for test in sorted({*plain.outcomes, *compiled.outcomes}):
        was, now = plain.outcome(test), compiled.outcome(test)
        if was != now:
            found.append(Changed(test, was, now, compiled.words.get(test, "") or plain.words.get(test, "")))
    return [each for each in found if each.test != WHOLE and not _follows(each, compiled)] or found


def _follows(each: Changed, compiled: Run) -> bool:
    """Return whether a test is only missing since its file, or anything, could not be collected: which says all."""
    file = each.test.partition("::")[0]
    return each.compiled == ABSENT and each.test != file and not {file, COLLECTION}.isdisjoint(compiled.outcomes)


def failing(run: Run) -> list[str]:
    """Return the names of the tests that fail, in their order."""
    return sorted(name for name, outcome in run.outcomes.items() if outcome in BAD or outcome.startswith(_ENDS))


def _events(lines: Iterable[str]) -> Iterable[dict[str, Any]]:
    for line in lines:
        try:
            yield json.loads(line)
        except ValueError:  # noqa: PERF203 - the last line of a process that died may be a part of one
            continue


def _together(before: str, event: Mapping[str, Any]) -> str:
    """Return a test's outcome after one more of its parts: set-up, call, tear-down."""
    if event["part"] not in _PARTS:  # pytest-xdist's word on a worker that has died
        return "crashed"
    if event["outcome"] == "failed":
        return "failed" if event["part"] == "call" else "error"
    if event["outcome"] == "skipped":
        return "xfailed" if event["expected"] else "skipped"
    if event["part"] == "call":
        return "xpassed" if event["expected"] else "passed"
    return before
