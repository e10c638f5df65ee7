"""Keeps one service: the new process starts beside the old one, which ends when the new one is ready.

A process is *coming* from its start until it is ready, *current* from then on, and *leaving* from when another one is.
A thread looks after them, so that a new process serves, and an old one ends, whatever the loop is doing.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from itertools import count

from buildkit.dev.addresses import Addresses
from buildkit.dev.debugging import debugger_of
from buildkit.dev.ending import End, State, how_it_ended
from buildkit.dev.journal import Journal
from buildkit.dev.leaving import Leaving
from buildkit.dev.readiness import is_ready, listens, what_lacks
from buildkit.dev.running import Running
from buildkit.dev.service import Service, require_program
from buildkit.doors import process
from buildkit.doors.clock import Stopwatch

PAUSE = 0.01
"""Seconds between two looks at a service that starts."""

REVIVALS = 3
"""How often a service that was ready and ended by itself is started again before the next change."""

_generations = count(1)


class Supervisor:
    """Runs one service.

    Args:
        addresses: passes connections on to the process that serves.
        name: the service's name.
        drain: seconds that an old process may finish what it has begun.
        journal: returns what takes the words of a process.
        grace: seconds between asking a process to end and killing it.
    """

    def __init__(
        self,
        addresses: Addresses,
        name: str,
        drain: float,
        journal: Callable[[], Journal],
        grace: float = process.GRACE,
    ) -> None:
        self._addresses = addresses
        self._name = name
        self._grace = grace
        self._journal = journal
        self._lock = threading.RLock()
        self._work = threading.Condition(self._lock)
        self._service: Service | None = None
        self._coming: Running | None = None
        self._current: Running | None = None
        self._missed: Running | None = None  # it ended by itself, and connections wait for the next one
        self._leaving = Leaving(addresses, name, drain, grace)
        self._failed: Running | None = None  # ended before it was ready, not told yet
        self._idle: tuple[Running, int] | None = None  # of which process it was asked, and the question
        self._has_listened = False
        self._words = ""  # why nobody serves
        self._revivals = 0
        self._thread: threading.Thread | None = None
        self._stopped = False

    # ------------------------------------------------------------ what the loop asks for

    def start(self, service: Service) -> None:
        """Start a service, beside the process that runs if that is allowed, and return at once.

        Raises:
            ConfigurationError: there is no such program; a running process is left alone.
        """
        require_program(service)
        with self._lock:
            self._service, self._revivals, self._failed = service, 0, None
            coming, self._coming = self._coming, None
            if coming is not None:
                self._leave(coming, at_once=True)
            alone = self._current is not None and not service.overlap
        if alone:
            self._make_way()
        with self._lock:
            self._launch(service)

    def let_finish(self, drain: float) -> None:
        """Let old processes, those that leave already too, have so many seconds to finish what they have begun."""
        with self._lock:
            self._leaving.drain = drain

    def retire(self) -> None:
        """End the service for good, as a process that another one replaces: it finishes what it has begun.

        Return at once, or when it has ended where no other process may run beside it.
        """
        with self._lock:
            coming, self._coming = self._coming, None
            if coming is not None:
                self._leave(coming, at_once=True)
            alone = self._service is not None and not self._service.overlap
        if alone:
            self._make_way()
        with self._lock:
            current, self._current = self._current, None
            if current is not None:
                self._leave(current)
            self._stopped = True
            self._work.notify_all()

    @property
    def is_gone(self) -> bool:
        """Whether no process of it is left."""
        with self._lock:
            return not (self._coming or self._current or self._leaving)

    def stop(self) -> None:
        """End every process of the service, for good, and wait until they are gone. Interrupted, it does so at once."""
        with self._lock:
            self._stopped = True
            found = [each for each in (self._coming, self._current) if each is not None]
            found += self._leaving.take()
            self._coming = self._current = self._failed = None
            self._work.notify_all()
        try:
            for each in found:
                each.ask_to_end(self._grace)
            for each in found:
                each.has_ended_within(self._grace + 1)
        finally:
            for each in found:
                each.kill()

    def state(self) -> State:
        """Return the state of the newest process."""
        with self._lock:
            if self._coming is not None:
                return State.STARTING
            if self._failed is not None:
                return State.ENDED
            if self._current is None:
                return State.STOPPED
            return State.READY if self._current.exit_code is None else State.ENDED

    def lacks(self) -> str:
        """Return what the process that starts would have to do to be ready; empty if none starts."""
        with self._lock:
            coming = self._coming
        return "" if coming is None else what_lacks(coming)

    def answers(self) -> bool:
        """Return whether a process serves."""
        with self._lock:
            return self._current is not None and self._current.exit_code is None

    def is_idle(self) -> bool:
        """Return whether nothing has been open with the process that serves, at some moment since this was asked."""
        with self._lock:
            current = self._current
            if current is None or self._coming is not None:
                return False
            if self._idle is None or self._idle[0] is not current:
                self._idle = current, self._addresses.ask(self._name, current.generation)
            return self._addresses.is_quiet(self._idle[1])

    def bury(self) -> End:
        """Forget the process that ended by itself, and start it again if that may help; tell how it ended.

        One that never became ready would end again, and one that keeps ending needs a change: both are left alone.
        """
        with self._lock:
            if self._failed is not None:
                failed, self._failed = self._failed, None
                return End(self._name, failed.exit_code or 0, revived=False, answered_for=self.answers())
            ended, self._current = self._current, None
            code = (ended.exit_code or 0) if ended else 0
            if ended is None or self._service is None or self._revivals >= REVIVALS:
                if ended is not None:
                    self._miss(ended)
                    ended.let_go()
                    self._explain(ended)
                return End(self._name, code, revived=False)
            self._miss(ended)
            ended.let_go()
            self._revivals += 1
            self._addresses.wait(self._name)
            self._launch(self._service)
            return End(self._name, code, revived=True)

    def expect(self) -> None:
        """Let connections wait, where nobody serves: something is about to be started."""
        with self._lock:
            if not self.answers():
                self._addresses.wait(self._name)

    def explain(self, words: str = "") -> None:
        """Answer connections with these words, or the last ones, where nobody serves and nothing is starting."""
        with self._lock:
            self._words = words or self._words
            if self._words and not self.answers() and self._coming is None:
                self._addresses.fail(self._name, self._words)

    # ------------------------------------------------------------ its own work

    def _launch(self, service: Service) -> None:
        if self._current is not None:  # it may listen later than it was taken for ready
            self._has_listened = self._has_listened or listens(self._current.port)
        self._coming = Running(service, next(_generations), self._grace, self._journal(), self._has_listened)
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._look_after, name=f"buildkit-{self._name}", daemon=True)
            self._thread.start()
        self._work.notify_all()

    def _make_way(self) -> None:
        """End the process that serves, once what it has begun is answered, before another one starts."""
        with self._lock:
            current, self._current = self._current, None
            if current is None:
                return
            self._addresses.wait(self._name)
            question = self._addresses.ask(self._name, current.generation)
        watch = Stopwatch()
        while (
            not self._addresses.is_quiet(question) and watch.seconds < self._leaving.drain and current.exit_code is None
        ):
            time.sleep(PAUSE)
        current.ask_to_end(self._grace)
        current.has_ended_within(self._grace + 1)
        current.kill()

    def _look_after(self) -> None:
        """Look at what comes and what leaves until the service is stopped."""
        while True:
            with self._work:
                while not (self._coming or self._leaving):
                    if self._stopped:
                        return
                    self._work.wait()
                coming = self._coming
            if coming is not None:
                self._look_at_coming(coming)
            with self._lock:
                if self._current is not None and self._current.exit_code is not None:
                    self._miss(self._current)
                self._leaving.attend()
            time.sleep(PAUSE)

    def _look_at_coming(self, coming: Running) -> None:
        if coming.exit_code is not None:
            coming.let_go()
            with self._lock:
                if self._coming is coming:
                    self._coming, self._failed = None, coming
                    if not self.answers():
                        self._explain(coming)
            return
        if is_ready(coming):  # outside of the lock: it may take its time
            with self._lock:
                if self._coming is coming:
                    self._promote(coming)
            return
        words = coming.say_where()
        with self._lock:
            if words and self._coming is coming and not self.answers():
                self._addresses.fail(self._name, words)

    def _promote(self, coming: Running) -> None:
        """Let the new process serve, and the old one finish what it has begun."""
        coming.settle()
        former, self._current, self._coming = self._current, coming, None
        self._addresses.serve(self._name, coming.generation, coming.port)
        self._addresses.serve(debugger_of(self._name), coming.generation, coming.debugger)
        self._has_listened = self._has_listened or listens(coming.port)  # once: what listens is then waited for
        if not self._has_listened:
            coming.say_where()  # ready in another way
        if former is not None:
            self._leave(former)

    def _miss(self, ended: Running) -> None:
        """Let connections wait where the process that served has ended by itself, and those that it did not accept."""
        if ended is not self._missed:
            self._missed = ended
            self._addresses.wait(self._name)
            listener = ended.without_listener()
            if listener is not None:
                self._addresses.take_in(self._name, listener)

    def _leave(self, process: Running, *, at_once: bool = False) -> None:
        self._leaving.add(process, at_once=at_once)
        self._work.notify_all()

    def _explain(self, ended: Running) -> None:
        how = how_it_ended(ended.exit_code or 0)
        self.explain("\n".join([f"{self._name} ended {how}", *ended.last_words()]))
