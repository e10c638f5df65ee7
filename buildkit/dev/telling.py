"""Says, tells and shows what comes of each cycle: a line for a person, an event for programs, the line of status."""

from __future__ import annotations

from collections.abc import Callable

from buildkit.dev.cycle import Cycle
from buildkit.model import Outcome, Reason

NOT_READY = "not-ready"


class Telling:
    """What is said, told and shown of the cycles, and the outcomes of those that have ended.

    Args:
        say: called with one line for each cycle.
        tell: called with what happens, for programs: `begin`, `waiting`, `cycle`.
        show: called with what is being done, and with the last cycle, in full and in short.
    """

    def __init__(
        self, say: Callable[[str], None], tell: Callable[[str, Outcome], None], show: Callable[[str, str, str], None]
    ) -> None:
        self._say = say
        self._tell = tell
        self._show = show
        self._last = ("", "")  # what is said of the last cycle, and the same in short
        self.outcomes: list[Outcome] = []

    def begin(self, reason: Reason) -> None:
        """Tell that a cycle begins."""
        self._tell("begin", Outcome(self._number, "begun", reason))

    def doing(self, words: str) -> None:
        """Show what is being done; empty for nothing."""
        self._show(words, *self._last)

    def wait(self, cycle: Cycle, why: str) -> None:
        """Say and tell once that a service is not ready, and show why as long as it is not."""
        if not cycle.told:
            cycle.told = True
            self._say(f"{cycle}, not ready yet: {why}")
            self._tell("waiting", Outcome(self._number, NOT_READY, cycle.reason, cycle.watch.seconds, why))
        self.doing(f"not ready: {why}")

    def end(self, cycle: Cycle, result: str) -> None:
        """Record a cycle that has ended, and only then print its line: its reader may end the loop at once."""
        outcome = Outcome(self._number, result, cycle.reason, cycle.watch.seconds, ", ".join(cycle.phrases))
        self.outcomes.append(outcome)
        self._last = (str(cycle), cycle.short)
        self._say(self._last[0])
        self._tell("cycle", outcome)
        self.doing("")

    @property
    def _number(self) -> str:
        return str(len(self.outcomes) + 1)
