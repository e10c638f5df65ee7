"""The reaction to one set of changes: what was done, and how long it took."""

from __future__ import annotations

from dataclasses import dataclass, field

from buildkit.doors.clock import Stopwatch, time_of_day
from buildkit.model import Reason


@dataclass(slots=True)
class Cycle:
    """The reaction to one set of changes, while it runs."""

    reason: Reason
    watch: Stopwatch = field(default_factory=Stopwatch)
    phrases: list[str] = field(default_factory=list)
    started: Stopwatch = field(default_factory=Stopwatch)
    told: bool = False

    def add(self, words: str, seconds: float) -> None:
        """Note what was done and how long it took."""
        self.phrases.append(f"{words} {seconds:.2f} s")

    def __str__(self) -> str:
        subject = f"{self.reason.kind} {self.reason.detail}".rstrip()
        return f"{time_of_day()} {subject}: {', '.join(self.phrases)}"


def counted(verb: str, count: int, noun: str) -> str:
    """Return such as `rebuilt 2 modules`; empty for none."""
    return f"{verb} {count} {noun}{'s' if count > 1 else ''}" if count else ""
