"""Says, tells and shows what comes of each cycle: a line for a person, an event for programs, the line of status."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count

from buildkit.dev.cycle import Cycle
from buildkit.doors.clock import time_of_day
from buildkit.model import Outcome, Reason

NOT_READY, NOTHING, INTERRUPTED = "not-ready", "nothing", "interrupted"


class Telling:
    """What is said, told and shown of the cycles, and the outcomes of those that have ended.

    Args:
        say: called with one line for each cycle.
        tell: called with what happens, for programs: `begin` and one `cycle` for each, `waiting`, `ended`.
        show: called with what is being done, and with the last cycle, in full and in short.
    """

    def __init__(
        self, say: Callable[[str], None], tell: Callable[[str, Outcome], None], show: Callable[[str, str, str], None]
    ) -> None:
        self._say = say
        self._tell = tell
        self._show = show
        self._last = ("", "")  # what is said of the last cycle, and the same in short
        self._numbers = count(1)
        self._open: dict[str, Cycle] = {}  # begun, and not ended
        self.outcomes: list[Outcome] = []

    def begin(self, cycle: Cycle) -> None:
        """Give a cycle its number, and tell that it begins."""
        cycle.number = str(next(self._numbers))
        self._open[cycle.number] = cycle
        self._tell("begin", Outcome(cycle.number, "begun", cycle.reason))

    def doing(self, words: str) -> None:
        """Show what is being done; empty for nothing."""
        self._show(words, *self._last)

    def wait(self, cycle: Cycle, why: str) -> None:
        """Say and tell once that a service is not ready, and show why as long as it is not."""
        if not cycle.told:
            cycle.told = True
            self._say(f"{cycle}, not ready yet: {why}")
            self._tell("waiting", Outcome(cycle.number, NOT_READY, cycle.reason, cycle.watch.seconds, why))
        self.doing(f"not ready: {why}")

    def end(self, cycle: Cycle, result: str) -> None:
        """Record a cycle that has ended, and only then print its line: its reader may end the loop at once."""
        outcome = Outcome(cycle.number, result, cycle.reason, cycle.watch.seconds, ", ".join(cycle.phrases))
        self.outcomes.append(outcome)
        self._last = (str(cycle), cycle.short)
        self._say(self._last[0])
        self._end(outcome)
        self.doing("")

    def drop(self, cycle: Cycle, result: str = NOTHING) -> None:
        """Tell programs alone that a cycle has ended which came to nothing: it is no outcome."""
        self._end(Outcome(cycle.number, result, cycle.reason, cycle.watch.seconds))

    def abandon(self) -> None:
        """Tell programs that what is still under way was interrupted."""
        for cycle in [*self._open.values()]:
            self.drop(cycle, INTERRUPTED)

    def mourn(self, service: str, words: str, then: str) -> None:
        """Say and tell that a service ended by itself, outside of any cycle, and is not started again."""
        self._say(f"{time_of_day()} {words}, {then}")
        self._tell("ended", Outcome(service, "ended", Reason(words), detail=then))

    def _end(self, outcome: Outcome) -> None:
        self._open.pop(outcome.subject, None)
        self._tell("cycle", outcome)
