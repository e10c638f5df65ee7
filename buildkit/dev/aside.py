"""The build beside the services, begun when nothing else happens; the loop brings in what it makes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import Enum
from typing import Protocol

from buildkit.doors.clock import Stopwatch, time_of_day
from buildkit.model import Outcome, Reason

CALM = 0.5
"""Seconds without a change after which a build begins beside the services."""

_RUN = ("runs Python until its next", "run Python until their next")

SOURCE_CHANGED = Reason("source changed")


class Built(Protocol):
    """What a build beside the services came to."""

    @property
    def made(self) -> Sequence[str]:
        """The modules that have a new extension."""

    @property
    def error(self) -> str:
        """What went wrong, as it is shown."""


class Stage(Enum):
    """How far the build is."""

    NOTHING = "nothing to build"
    OWED = "owed"
    BUILDING = "building"


class AsideBuild:
    """The build beside the services.

    Args:
        start: starts it.
        result: returns what it came to, once; None before.
        keeping: returns the services that go on with the modules as Python until they are started anew.
        say: called with one line for what was made, and with errors.
        tell: called with the same, for programs.
    """

    def __init__(
        self,
        start: Callable[[], None],
        result: Callable[[], Built | None],
        keeping: Callable[[], Sequence[str]],
        say: Callable[[str], None],
        tell: Callable[[str, Outcome], None],
    ) -> None:
        self._start = start
        self._result = result
        self._say = say
        self._tell = tell
        self._keeping = keeping
        self._since = Stopwatch()
        self.stage = Stage.NOTHING

    def owe(self) -> None:
        """Note that modules run as Python which have to be compiled."""
        self.stage = Stage.OWED

    def put_off(self) -> None:
        """Note that something changed: there is time."""
        self._since = Stopwatch()

    def forget(self) -> None:
        """Note that everything is compiled."""
        self.stage = Stage.NOTHING

    def go_on(self) -> None:
        """Do the next step if it is time for it."""
        if self.stage is Stage.OWED and self._since.seconds >= CALM:
            self.stage, self._since = Stage.BUILDING, Stopwatch()
            self._start()
        elif self.stage is Stage.BUILDING:
            built = self._result()
            if built is not None:
                self._take(built)

    def _take(self, built: Built) -> None:
        self.stage = Stage.NOTHING
        if built.error:
            self._say(f"{built.error}\n{time_of_day()} compiled aside: failed; the modules stay Python")
            self._tell("aside", Outcome("", "failed", SOURCE_CHANGED, self._since.seconds, built.error))
        elif built.made:
            made, keeping = some(built.made), self._keeping()
            words = f"{' and '.join(keeping)} {_RUN[len(keeping) > 1]} restart (overlap = false)" if keeping else ""
            self._say(f"{time_of_day()} compiled {made} aside {self._since.seconds:.2f} s{words and f'; {words}'}")
            self._tell("aside", Outcome(made, "compiled", SOURCE_CHANGED, self._since.seconds, words))


def some(modules: Sequence[str]) -> str:
    """Return the first of these modules, and how many more there are."""
    return f"{modules[0]} and {len(modules) - 1} more" if len(modules) > 1 else modules[0]


class Doubt:
    """Whether a build may have read files that changed again meanwhile.

    What the loop compares is what the files were at its last look, and what they are. A build reads them in between: a
    branch that is left and taken up again while it builds has changed nothing for the loop, but may have for the build.
    So until a build is known to have been undisturbed, whatever an event names counts as changed.
    """

    _TICKS = 3
    """Looks in a row without an event after which what a build read is what is there: events take two to arrive."""

    def __init__(self) -> None:
        self._left = 0

    def begin(self) -> None:
        """Note that a build reads files now, or did just now."""
        self._left = self._TICKS

    def calm(self) -> None:
        """Note a look at the events that found none."""
        self._left = max(0, self._left - 1)

    def __bool__(self) -> bool:
        return self._left > 0
