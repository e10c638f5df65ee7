"""The cycle that has started services which are not ready yet, and what becomes of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from buildkit.dev.cycle import Cycle
from buildkit.dev.ending import State, how_it_ended
from buildkit.dev.telling import NOT_READY, Telling
from buildkit.doors.clock import Stopwatch
from buildkit.model import Reason

if TYPE_CHECKING:
    from buildkit.dev.actions import Keeper
    from buildkit.dev.forms import Forms
    from buildkit.dev.starting import StartDoubt

SLOW = 2.0
"""Seconds after which a line says that the service is still starting."""


class Awaiting:
    """The cycle whose services are awaited, if there is one.

    Args:
        keeper: runs the services.
        forms: which modules they run as Python.
        doubt: what they may have read while they started.
        telling: says what comes of cycles.
    """

    def __init__(self, keeper: Keeper, forms: Forms, doubt: StartDoubt, telling: Telling) -> None:
        self._keeper = keeper
        self._forms = forms
        self._doubt = doubt
        self._telling = telling
        self.cycle: Cycle | None = None
        """It."""

    def begin(self, cycle: Cycle) -> None:
        """Await services that this cycle has started; one that was awaited before is overtaken."""
        if self.cycle is not None:
            cycle.told = self.cycle.told  # of the same start, as a person sees it
            self.close(self.cycle, "superseded", "overtaken by a further change")
        self.cycle, cycle.started = cycle, Stopwatch()

    def attend(self) -> bool:
        """Report if the services are ready, still starting, or ended; return whether they are ready and were before."""
        cycle, state = self.cycle, self._keeper.state()
        if state is State.ENDED:
            self._bury()
        elif cycle is not None and state is State.READY:
            self.close(cycle, "ready", f"ready after {cycle.watch.seconds:.2f} s")
        elif cycle is None and state is State.READY:
            return True
        elif cycle is not None and cycle.started.seconds >= SLOW:
            self._telling.wait(cycle, self._keeper.unready())
        return False

    def finish(self) -> None:
        """Note, before the services are stopped, what was started and did not become ready, or was interrupted."""
        cycle = self.cycle
        if cycle is not None:
            self.close(cycle, NOT_READY, f"not ready after {cycle.watch.seconds:.2f} s, {self._keeper.unready()}")
        self._telling.abandon()

    def rest(self) -> None:
        """Show that nothing is being done, or what goes on."""
        self._telling.doing("starting …" if self.cycle is not None else "")

    def close(self, cycle: Cycle, result: str, words: str = "") -> None:
        """End a cycle, with some last words."""
        if self.cycle is cycle:
            self.cycle = None
        if words:
            cycle.phrases.append(words)
        self._telling.end(cycle, result)

    def _bury(self) -> None:
        """Report what ended by itself; it is started again if that may help."""
        ends = self._keeper.bury()
        self._forms.started(end.name for end in ends if end.revived)
        for end in ends:
            told = self.cycle is not None and self.cycle.told
            words = f"the {end.name} ended {how_it_ended(end.exit_code)}"
            then = "the one before answers on" if end.answered_for else "waiting for a change"
            if self.cycle is not None:
                self.close(self.cycle, "ended", words if end.revived else f"{words}, {then}")
            elif not end.revived:
                self._telling.mourn(end.name, words, then)
            if end.revived:
                self._doubt.begin()
                self.cycle = Cycle(Reason(words), phrases=["started again"], told=told)
                self._telling.begin(self.cycle)
