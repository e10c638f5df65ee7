"""The old processes of a service: each finishes what it has begun, then it is asked to end."""

from __future__ import annotations

from dataclasses import dataclass

from buildkit.dev.addresses import Addresses
from buildkit.dev.running import Running
from buildkit.doors.clock import Stopwatch

MOST = 2
"""Old processes that may finish what they have begun at the same time."""


@dataclass(slots=True)
class _Former:
    """A process that no longer serves.

    Args:
        process: it.
        since: since when.
        question: whether something is open with it, as `Addresses` numbers it.
        asked: whether it was asked to end.
    """

    process: Running
    since: Stopwatch
    question: int
    asked: bool = False


class Leaving:
    """The processes of one service that no longer serve; whoever uses it holds the lock of the service.

    Args:
        addresses: knows what is still open with a process.
        name: the service's name.
        drain: seconds that a process may finish what it has begun.
        grace: seconds between asking a process to end and killing it.
    """

    def __init__(self, addresses: Addresses, name: str, drain: float, grace: float) -> None:
        self._addresses = addresses
        self._name = name
        self.drain = drain
        """Seconds that a process may finish what it has begun."""
        self._grace = grace
        self._former: list[_Former] = []

    def __bool__(self) -> bool:
        return bool(self._former)

    def add(self, process: Running, *, at_once: bool) -> None:
        """Take a process that no longer serves; `at_once` it is asked to end, as are the oldest of too many."""
        former = _Former(process, Stopwatch(), self._addresses.ask(self._name, process.generation))
        self._former.append(former)
        if at_once:
            self._ask(former, self._grace)
        for each in self._former[:-MOST]:
            self._ask(each, self._grace)

    def attend(self) -> None:
        """Ask those to end that have nothing to do or had their time, and forget those that are gone."""
        self._former = [each for each in self._former if not self._has_left(each)]

    def take(self) -> list[Running]:
        """Return the processes, and forget them."""
        taken, self._former = [each.process for each in self._former], []
        return taken

    def _has_left(self, former: _Former) -> bool:
        if former.process.exit_code is not None:
            former.process.let_go()
            return True
        left = self.drain - former.since.seconds
        if left <= 0 or self._addresses.is_quiet(former.question):
            self._ask(former, max(left, self._grace))
        return False

    def _ask(self, former: _Former, grace: float) -> None:
        if not former.asked:
            former.asked = True
            former.process.ask_to_end(grace)
