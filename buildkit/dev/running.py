"""One start of a service: its process under the launcher, where it listens, and how it is asked to end.

The process runs under `launch`, which ends it and all its descendants as soon as its lifeline closes. The kernel closes
the lifeline however this process ends, so even SIGKILL leaves nothing behind.
"""

from __future__ import annotations

import contextlib
import os
import random
import socket
from collections.abc import Sequence
from pathlib import Path

from buildkit.dev import readiness, strays
from buildkit.dev.journal import Journal
from buildkit.dev.readiness import succeeds
from buildkit.dev.service import Service
from buildkit.doors import ports, process, python
from buildkit.doors.clock import Stopwatch
from buildkit.doors.listening import ports_of

_LAUNCH = Path(__file__).with_name("launch.py")
_CHOSEN = range(1, 32768)  # what somebody chose; the kernel gives others
_LOOK = 0.5
_UNTAKEN = 24  # where tcp(7)'s TCP_INFO has, for a socket that listens, how many connections nobody has accepted


class Running:
    """A started service.

    Args:
        service: what to start.
        generation: its number among all starts.
        grace: seconds between asking it to end and killing it.
        journal: takes what it writes.
        has_listened: whether a process of the same service was seen to listen.
    """

    def __init__(self, service: Service, generation: int, grace: float, journal: Journal, has_listened: bool) -> None:
        self.service = service
        self.generation = generation
        self.has_listened = has_listened
        self._since = Stopwatch()
        self._looked: Stopwatch | None = None  # since when it was seen where it listens
        self._found: tuple[int, ...] = ()
        self._told = False
        self._mark = f"{os.getpid()}-{generation}"
        self._journal = journal
        self._waiting: socket.socket | None = None  # a connection of ours that is accepted when the process serves
        self._listener = _listener() if service.takes_socket else None
        self.port = self._listener.getsockname()[1] if self._listener else _free_port()
        self.debugger = _free_port() if service.debugger else 0
        self.was_told = service.readiness(self.port)
        passed = [] if self._listener is None else [self._listener.fileno()]
        try:
            self._child = process.start(
                python.script_command(
                    _LAUNCH, str(grace), str(passed[0]) if passed else "-", *service.words(self.port, self.debugger)
                ),
                folder=service.folder,
                environment={**service.variables(self.port), strays.VARIABLE: self._mark},
                stdin=process.PIPE,
                output=self._journal.writing,
                inherit=passed,
            )
        finally:
            self._journal.begin(self.port, service.port)

    @property
    def age(self) -> float:
        """Seconds since its start."""
        return self._since.seconds

    @property
    def exit_code(self) -> int | None:
        """Its exit code, or 128 plus the signal that ended it; None while it runs."""
        return self._child.poll()

    def has_said(self, text: str) -> bool:
        """Return whether a line of its log has this text."""
        return self._journal.has(text)

    def last_words(self) -> list[str]:
        """Return the last lines of its log."""
        return self._journal.last(40)

    def asks(self, command: tuple[str, ...]) -> bool:
        """Return whether a command succeeds in its surroundings."""
        return succeeds(command, self.service.variables(self.port))

    @property
    def is_told_where(self) -> bool:
        """Whether its command says where it is to listen."""
        return self.service.is_told_where

    def elsewhere(self) -> Sequence[int]:
        """Return the ports that it listens on although it was given another one, as they were at the last look."""
        if not self.service.port or self.service.debugger:
            return ()  # debugpy listens where it likes
        if self._looked is None or self._looked.seconds >= _LOOK:
            self._looked = Stopwatch()
            found = ports_of(self._child.pid) if self.exit_code is None else frozenset()
            self._found = () if self.port in found else tuple(sorted(found & {*_CHOSEN}))
        return self._found

    def say_where(self) -> str:
        """Say once that it listens elsewhere, if it does; return the words, empty if they were said or it does not."""
        if self._told or self.age < readiness.SETTLE or not self.elsewhere():
            return ""
        self._told = True
        there = " and ".join(map(str, self._found))
        given, way = ("the socket", "{fd}") if self.service.takes_socket else (str(self.port), "{port}")
        words = (
            f"{self.service.name} listens on {there}, not on {given} that it is given: let it take {way} of its "
            f"command, or PORT; port = 0 in [tool.buildkit.{self.service.setting}] where it serves nobody"
        )
        self._journal.hint(words)
        return words

    def is_taken_up(self) -> bool | None:
        """Return whether it accepts on the socket that it got; None if it got none, or the system does not say."""
        if self._listener is None:
            return None
        if not hasattr(socket, "TCP_INFO"):
            return self.age >= 1.0
        if self._waiting is None:
            self._waiting = socket.create_connection(self._listener.getsockname())
        info = self._listener.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _UNTAKEN + 4)
        return int.from_bytes(info[_UNTAKEN:], "little") == 0

    def ask_to_end(self, grace: float) -> None:
        """Ask it to end, and let it be killed after `grace` seconds; return at once."""
        self._release()
        stdin = self._child.stdin
        if stdin is not None and not stdin.closed:
            with contextlib.suppress(OSError):
                os.write(stdin.fileno(), f"{grace}\n".encode())
            with contextlib.suppress(OSError):
                stdin.close()

    def has_ended_within(self, seconds: float) -> bool:
        """Wait for its end with all that it started; return whether it came."""
        return process.ended_within(self._child, seconds)

    def kill(self) -> None:
        """End it at once: the second request, by which the launcher kills what it has."""
        self._release()
        if self._child.poll() is None:
            process.end(self._child)
        self._sweep()

    def settle(self) -> None:
        """Let go of what was only needed until it was ready."""
        if self._waiting is not None:
            self._waiting.close()
            self._waiting = None

    def without_listener(self) -> socket.socket | None:
        """Return the socket that it got, which is then no longer its own: what it did not accept is still there."""
        listener, self._listener = self._listener, None
        return listener

    def let_go(self) -> None:
        """Close what is held for it; it has ended by itself."""
        self._release()
        if self._child.stdin is not None:
            with contextlib.suppress(OSError):
                self._child.stdin.close()
        self._sweep()

    def _sweep(self) -> None:
        """End what the launcher left, if it was killed itself."""
        if (self._child.poll() or 0) < 0:
            strays.end(self._mark)

    def _release(self) -> None:
        self.settle()
        if self._listener is not None:
            self._listener.close()
            self._listener = None


def _listener() -> socket.socket:
    made = socket.socket()
    made.bind(("127.0.0.1", 0))
    made.listen(2048)
    return made


def _free_port() -> int:
    """Return a port that nobody has, neither here nor towards others."""
    return next(filter(None, (ports.free(port, "") for port in random.sample(ports.OWN, 100))), 0)
