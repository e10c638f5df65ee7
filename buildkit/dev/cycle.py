"""The reaction to one set of changes: what was done, and how long it took."""

from __future__ import annotations

from dataclasses import dataclass, field

from buildkit.core.changes import Need
from buildkit.doors.clock import Stopwatch, time_of_day
from buildkit.errors import BuildkitError
from buildkit.model import Reason, Report

_REMOVED = "removed"
_IDLE = frozenset({"fresh", "kept"})
_DONE = {
    Need.REBUILD: ("rebuilt", "module"),
    Need.MIGRATE: ("applied", "revision"),
    Need.REFRESH: ("made", "stage"),
}


@dataclass(slots=True)
class Cycle:
    """The reaction to one set of changes, while it runs."""

    reason: Reason
    watch: Stopwatch = field(default_factory=Stopwatch)
    phrases: list[str] = field(default_factory=list)
    started: Stopwatch = field(default_factory=Stopwatch)
    told: bool = False
    undone: bool = False  # what had failed is taken back: nothing is to be started
    number: str = ""  # as programs are told

    def add(self, words: str, seconds: float) -> None:
        """Note what was done and how long it took."""
        self.phrases.append(f"{words} {seconds:.2f} s")

    @property
    def short(self) -> str:
        """The same with what came of it alone."""
        failed = [phrase for phrase in self.phrases if phrase.endswith(" failed")]
        subject = (
            self.reason.detail if self.reason.kind == "changed" else f"{self.reason.kind} {self.reason.detail}".rstrip()
        )
        return f"{time_of_day()} {subject}: {(failed or self.phrases)[-1]}"

    def __str__(self) -> str:
        subject = f"{self.reason.kind} {self.reason.detail}".rstrip()
        return f"{time_of_day()} {subject}: {', '.join(self.phrases)}"


def done(need: Need, report: Report) -> tuple[list[str], str]:
    """Return the subjects with which a step did something, and what it did in words."""
    made = [row for row in report.outcomes if row.result not in _IDLE]
    removed = sum(row.result == _REMOVED for row in made) if need is Need.REBUILD else 0
    verb, noun = _DONE[need]
    phrases = [counted(verb, len(made) - removed, noun), counted("removed", removed, noun)]
    return [row.subject for row in made], " and ".join(filter(None, phrases))


def counted(verb: str, count: int, noun: str) -> str:
    """Return such as `rebuilt 2 modules`; empty for none."""
    return f"{verb} {count} {noun}{'s' if count > 1 else ''}" if count else ""


def as_error(error: BuildkitError | OSError) -> BuildkitError:
    """Return an error that ends a cycle, never the loop: files come and go while a step reads them."""
    if isinstance(error, BuildkitError):
        return error
    return BuildkitError(f"{error}", hint="if a file came or went meanwhile, the next save looks again")
