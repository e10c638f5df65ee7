"""One address: who serves it, who waits, and what is still open with a process that leaves."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Callable

from buildkit.dev.relay.connection import Connection
from buildkit.dev.relay.events import READ, Events
from buildkit.dev.relay.target import Target

_AT_ONCE = 64
"""Connections that are accepted before anybody else is served."""

_PATIENCE = 1.0
"""Seconds that a request which is answered from here may take to come, and a client to take its answer."""

_FULL = 0.1
"""Seconds before the next look where there is no room for a further connection."""

_GONE = "There is no such service any more\nIt was taken out of [tool.buildkit.dev]."


class Front:
    """One address.

    Args:
        events: tells when its socket is ready.
        listener: its socket, which listens.
        hold: seconds that a connection waits for a process.
        tell: called with the number of a question whose answer is yes.
    """

    def __init__(self, events: Events, listener: socket.socket, hold: float, tell: Callable[[int], None]) -> None:
        self._events = events
        self.hold = hold
        """Seconds that a connection waits for a process."""
        self._tell = tell
        self._words = ""
        self._connections: set[Connection] = set()
        self._held: dict[Connection, None] = {}  # in the order in which they came
        self._refuses = False  # whether the process that serves did not take the last connection
        self._questions: dict[int, int] = {}  # the process of each
        self._full = 0.0
        self.target: Target | None = None
        """The process that serves; None if there is none."""
        self._begin(listener)

    # ------------------------------------------------------------ what the loop says

    def listen(self, listener: socket.socket) -> None:
        """Accept on this socket from now on, and on the one before no more."""
        self._end()
        self._begin(listener)

    def take_in(self, left: socket.socket) -> None:
        """Accept what waits in the socket of a process that has ended: the connections from here to that process.

        So each of them passes here twice, until it is answered.
        """
        left.setblocking(False)
        self._take_all(left)

    def drop(self) -> None:
        """Accept no more; what is open goes on, and nobody will serve what comes on it."""
        self._end()
        self.fail(_GONE)

    def serve(self, generation: int, port: int) -> None:
        """Pass connections on to this process from now on."""
        self.target, self._words, self._refuses = Target(generation, port), "", False
        self._let_leave()
        self._connect_held(self.target)

    def wait(self) -> None:
        """Hold connections from now on: somebody will serve."""
        self.target, self._words = None, ""
        self._let_leave()

    def fail(self, words: str) -> None:
        """Answer from here: nobody will serve before the next change.

        Args:
            words: the first line is the title; the rest is what went wrong.
        """
        self.target, self._words = None, words
        self._let_leave()
        self._events.tick(self._tick)

    def ask(self, question: int, generation: int) -> None:
        """Answer the question as soon as nothing is open with this process."""
        self._questions[question] = generation
        if self._tick(time.monotonic()):
            self._events.tick(self._tick)

    # ------------------------------------------------------------ what connections say

    def place(self, connection: Connection) -> None:
        """Pass a connection on, or hold it where nobody serves."""
        connection.since = time.monotonic()
        if self.target is None or self._refuses:
            self._hold_back(connection)
        else:
            connection.connect(self.target)

    def refused(self, connection: Connection, by: Target | None) -> None:
        """Hold a connection that a process did not take."""
        if by is not None:
            by.host = "::1" if by.host == "127.0.0.1" else "127.0.0.1"  # it may listen on either alone
            self._refuses = self._refuses or by is self.target
        self._hold_back(connection)

    def accepted(self, by: Target | None) -> None:
        """Pass on what waits for a process that takes connections after all."""
        if self._refuses and by is not None and by is self.target:
            self._refuses = False
            self._connect_held(by)

    def forget(self, connection: Connection) -> None:
        """Forget a connection that has ended."""
        self._connections.discard(connection)
        self._held.pop(connection, None)

    # ------------------------------------------------------------ its own work

    def _begin(self, listener: socket.socket) -> None:
        listener.setblocking(False)
        self._listener = listener
        self._events.want(listener, READ, self._accept, 0)

    def _end(self) -> None:
        """Take what has connected, and close the socket: what is left in it would be reset."""
        self._take_all(self._listener)
        if not self._full:
            self._events.want(self._listener, 0, self._accept, READ)
        self._full = 0.0
        self._listener.close()

    def _take_all(self, listener: socket.socket) -> None:
        with contextlib.suppress(OSError):  # nothing is left, or there is no room
            while True:
                with contextlib.suppress(ConnectionAbortedError):  # that one alone is gone
                    self._take(listener)

    def _accept(self, _ready: int) -> None:
        if self._listener.fileno() < 0:
            return  # by a message that came at the same moment
        try:
            for _ in range(_AT_ONCE):
                self._take(self._listener)
        except BlockingIOError:
            return
        except OSError:  # no room for a further descriptor, or the client went
            self._full = time.monotonic() + _FULL
            self._events.want(self._listener, 0, self._accept, READ)
            self._events.tick(self._tick)

    def _take(self, listener: socket.socket) -> None:
        """Accept a connection.

        Raises:
            OSError: there is none, or no room for it.
        """
        accepted, _address = listener.accept()
        accepted.setblocking(False)
        connection = Connection(self._events, self, accepted)
        self._connections.add(connection)
        self.place(connection)

    def _hold_back(self, connection: Connection) -> None:
        connection.target = None
        self._held[connection] = None
        self._events.tick(self._tick)
        connection.hold()

    def _let_leave(self) -> None:
        for each in [*self._connections]:
            each.leave()

    def _connect_held(self, target: Target) -> None:
        for each in [*self._held]:
            if not each.answered:
                del self._held[each]
                each.connect(target)

    def _tick(self, now: float) -> bool:
        if self._full and now >= self._full:
            self._full = 0.0
            self._events.want(self._listener, READ, self._accept, 0)
        self._look_at_held(now)
        for question, generation in [*self._questions.items()]:
            if not any(
                each.target is not None and each.target.generation == generation and each.is_open(now)
                for each in self._connections
            ):
                del self._questions[question]
                self._tell(question)
        return bool(self._held or self._questions or self._full)

    def _look_at_held(self, now: float) -> None:
        tries = self.target is not None
        for each in [*self._held]:
            waited = now - each.since
            if each.answered:
                if now - each.answered >= _PATIENCE:
                    each.close()
            elif waited >= self.hold or (self._words and (each.is_asking() or waited >= _PATIENCE)):
                each.answer(self._words or f"The service is not ready\nIt has not been for {self.hold:g} seconds.")
            elif tries and self.target is not None:  # one at a time, as long as it refuses
                tries = False
                del self._held[each]
                each.connect(self.target)
