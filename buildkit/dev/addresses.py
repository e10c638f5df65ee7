"""Holds the addresses of the services, from the first second to the last.

The listening sockets are this process's own, and not closed while they are wanted: the kernel keeps what connects while
nobody accepts. The relay gets them too, and accepts on them (see `relay`). It runs on while addresses come, go, change
and are called otherwise, so that what is open stays open. Should it end by itself, another one goes on with the same.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

from buildkit.dev.relay.messages import Lines, encode
from buildkit.dev.sockets import listen
from buildkit.doors import process, python
from buildkit.doors.clock import Stopwatch
from buildkit.errors import ConfigurationError

_PROGRAM = "buildkit.dev.relay.program"
_PACKAGES = Path(__file__).parents[2]
_SOON = 0.2
"""Seconds that a relay is given before the next one is started."""

_ALWAYS = 0
"""The question that nobody has to answer: there is no address."""

_questions = count(1)
_numbers = count(1)


@dataclass(frozen=True, slots=True)
class Address:
    """Where a service is reached.

    Args:
        host: such as `127.0.0.1`.
        port: its port.
        setting: the setting that names the port.
    """

    host: str
    port: int
    setting: str


@dataclass(slots=True)
class _Front:
    """An address that is held, as the relay has it.

    Args:
        address: where it is.
        listener: the socket that listens there.
        state: what the relay was told last of who serves.
        number: how the relay knows it, whatever it is called.
    """

    address: Address
    listener: socket.socket
    state: tuple[Any, ...] = ("wait",)
    number: str = field(default_factory=lambda: str(next(_numbers)))


class Addresses:
    """The addresses of all services.

    Args:
        hold: seconds that a connection waits while no process serves.
    """

    def __init__(self, hold: float) -> None:
        self._hold = hold
        self._fronts: dict[str, _Front] = {}
        self._former: dict[str, _Front] = {}  # of the names that went when addresses were taken last
        self._quiet: set[int] = set()
        self._lock = threading.RLock()
        self._child: process.Child | None = None
        self._line: socket.socket | None = None  # to it: what it is told, and the sockets
        self._since = Stopwatch()

    @property
    def ports(self) -> dict[str, int]:
        """The port of each service that has an address."""
        return {name: front.address.port for name, front in self._fronts.items()}

    def take(self, addresses: Mapping[str, Address]) -> None:
        """Listen on these addresses, and on no other; what connects waits until somebody serves.

        What is open stays open. Where a service gets another address, its connections stay its own; where another
        service gets the address of one that goes, it gets the connections too.

        Args:
            addresses: by the name of the service.

        Raises:
            ConfigurationError: one of them is somebody else's; all are as before.
        """
        if addresses == {name: front.address for name, front in self._fronts.items()}:
            return
        with self._lock:
            listeners, unused = self._listeners(addresses)
            former = self._fronts
            going = [front for name, front in former.items() if name not in addresses]
            self._former = {name: front for name, front in former.items() if name not in addresses}
            self._fronts = {}
            for name, address in addresses.items():
                listener = listeners[name]
                front = former.get(name) or next((each for each in going if each.listener is listener), None)
                if front is None:
                    front = _Front(address, listener)
                    self._pass(front)
                elif front in going:
                    going.remove(front)
                    front.state = ("wait",)
                    self._send(front, "wait")
                elif front.listener is not listener:
                    front.listener = listener
                    self._pass(front)
                front.address = address
                self._fronts[name] = front
            for front in going:
                self._send(front, "drop")
            for each in unused:
                each.close()
            if self._child is None and self._fronts:
                self._start()

    def _listeners(self, addresses: Mapping[str, Address]) -> tuple[dict[str, socket.socket], list[socket.socket]]:
        """Return a socket for each address, one that listens there already or a new one, and those that nobody needs.

        Raises:
            ConfigurationError: an address is somebody else's; nothing has changed.
        """
        own = {(front.address.host, front.address.port): front.listener for front in self._fronts.values()}
        places = {name: (address.host, address.port) for name, address in addresses.items()}
        listeners = {name: own.pop(place) for name, place in places.items() if place in own}
        made: list[socket.socket] = []
        try:
            for name, address in addresses.items():
                if name not in listeners:
                    beside = [each for (_, port), each in own.items() if port == address.port]  # another host
                    made.append(listen(address.host, address.port, address.setting, beside))
                    listeners[name] = made[-1]
        except ConfigurationError:
            for each in made:
                each.close()
            raise
        return listeners, [*own.values()]

    def close(self) -> None:
        """Give the addresses back."""
        with self._lock:
            child, self._child = self._child, None
            line, self._line = self._line, None
        for each in self._fronts.values():
            each.listener.close()
        if child is not None:
            _end(child, line)

    def hold(self, seconds: float) -> None:
        """Let a connection wait so long while no process serves."""
        with self._lock:
            if seconds != self._hold:
                self._hold = seconds
                for front in self._fronts.values():
                    self._send(front, "hold", seconds)

    def serve(self, name: str, generation: int, port: int) -> None:
        """Pass the connections of a service on to this process.

        Args:
            name: the service's.
            generation: the process's number.
            port: where it listens on this machine.
        """
        self._tell("serve", name, generation, port)

    def wait(self, name: str) -> None:
        """Let the connections of a service wait: a process is coming."""
        self._tell("wait", name)

    def fail(self, name: str, words: str) -> None:
        """Answer the connections of a service with these words: none is coming before the next change."""
        self._tell("fail", name, words)

    def take_in(self, name: str, listener: socket.socket) -> None:
        """Take in what has connected to a process and was not accepted before it ended, as if it connected now.

        Args:
            name: the service's.
            listener: the socket that the process had; it is closed.
        """
        with self._lock:
            if name in self._fronts:
                self._send(self._fronts[name], "take", passed=listener)
        listener.close()

    def ask(self, name: str, generation: int) -> int:
        """Ask whether something is open with a process; return the number of the question, for `is_quiet`.

        It may be that of a service which went when addresses were taken last: what is open with it stays open.
        """
        with self._lock:
            front = self._fronts.get(name) or self._former.get(name)
            if front is None:
                return _ALWAYS
            question = next(_questions)
            self._send(front, "ask", question, generation)
            return question

    def is_quiet(self, question: int) -> bool:
        """Return whether there has been a moment since the question at which nothing was open with the process."""
        return question == _ALWAYS or question in self._quiet

    def _tell(self, verb: str, name: str, *rest: object) -> None:
        with self._lock:
            if name in self._fronts:
                self._fronts[name].state = (verb, *rest)
                self._send(self._fronts[name], verb, *rest)

    def _pass(self, front: _Front) -> None:
        """Give the relay a socket that listens, whether it knows the address or not."""
        self._send(front, "front", self._hold, passed=front.listener)

    def _send(self, front: _Front, verb: str, *rest: object, passed: socket.socket | None = None) -> None:
        with self._lock, contextlib.suppress(OSError):  # it has just ended: the next one is told all of it
            if self._line is not None:
                words = encode(verb, front.number, *rest).encode()
                sent = socket.send_fds(self._line, [words], [passed.fileno()]) if passed else 0
                self._line.sendall(words[sent:])

    def _start(self) -> None:
        with self._lock:
            self._since = Stopwatch()
            self._line, its = socket.socketpair()
            try:
                self._child = process.start(
                    python.isolated_command(_PROGRAM, [str(_PACKAGES)]),
                    environment=_without_python(os.environ),
                    stdin=its.fileno(),
                    output=process.PIPE,
                    errors=None,
                )
            finally:
                its.close()
            for front in self._fronts.values():
                self._pass(front)
                self._send(front, *front.state)
        threading.Thread(target=self._hear, args=(self._child,), name="buildkit-relay", daemon=True).start()

    def _hear(self, child: process.Child) -> None:
        """Note what the relay says until it ends; start another one unless it was to end."""
        lines = Lines()
        while child.stdout is not None and (piece := os.read(child.stdout.fileno(), 1 << 16)):
            for _, _, question in lines.taken(piece):
                self._quiet.add(question)
        if child.stdout is not None:
            child.stdout.close()
        with self._lock:
            if self._child is child:  # it was not to end
                _end(child, self._line)
                self._child = self._line = None
                lived = self._since.seconds
                if lived < _SOON:
                    time.sleep(_SOON - lived)  # it would end again at once
                self._start()


def _end(child: process.Child, line: socket.socket | None) -> None:
    """End a relay, which ends itself when its input does; its output is closed by who hears it."""
    if line is not None:
        line.close()
    if not process.ended_within(child, process.BRIEFLY):
        process.signal_group(child, signal.SIGKILL)
        child.wait()


def _without_python(environment: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environment.items() if name not in {"PYTHONPATH", "PYTHONHOME"}}
