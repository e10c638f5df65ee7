"""Holds the addresses of the services, from the first second to the last.

The listening sockets are this process's own, and never closed before the end: the kernel keeps what connects while
nobody accepts. The relay accepts on them (see `relay`). Should it end by itself, another one goes on with the same.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

from buildkit.dev.relay.messages import Lines, encode
from buildkit.doors import process, python
from buildkit.doors.clock import Stopwatch
from buildkit.errors import ConfigurationError

_BACKLOG = 4096
_PROGRAM = "buildkit.dev.relay.program"
_PACKAGES = Path(__file__).parents[2]
_SOON = 0.2
"""Seconds that a relay is given before the next one is started."""

_ALWAYS = 0
"""The question that nobody has to answer: there is no address."""

_questions = count(1)


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


class Addresses:
    """The addresses of all services.

    Args:
        hold: seconds that a connection waits while no process serves.
    """

    def __init__(self, hold: float) -> None:
        self._hold = hold
        self._addresses: dict[str, Address] = {}
        self._sockets: dict[str, socket.socket] = {}
        self._states: dict[str, tuple[Any, ...]] = {}  # what the relay was told last of each
        self._quiet: set[int] = set()
        self._lock = threading.RLock()
        self._child: process.Child | None = None
        self._since = Stopwatch()

    @property
    def ports(self) -> dict[str, int]:
        """The port of each service that has an address."""
        return {name: address.port for name, address in self._addresses.items()}

    def take(self, addresses: Mapping[str, Address]) -> None:
        """Listen on these addresses, and on no other; what connects waits until somebody serves.

        Args:
            addresses: by the name of the service.

        Raises:
            ConfigurationError: one of them is somebody else's; all are as before.
        """
        if addresses == self._addresses:
            return
        kept = {name: made for name, made in self._sockets.items() if addresses.get(name) == self._addresses[name]}
        made: dict[str, socket.socket] = {}
        try:
            for name, address in addresses.items():
                if name not in kept:
                    made[name] = _listen(address)
        except ConfigurationError:
            for each in made.values():
                each.close()
            raise
        with self._lock:
            for name, each in self._sockets.items():
                if name not in kept:
                    each.close()
                    self._states.pop(name, None)
            self._sockets, self._addresses = {**kept, **made}, dict(addresses)
            former, self._child = self._child, None
            if self._sockets:
                self._start()
        if former is not None:
            _end(former)

    def close(self) -> None:
        """Give the addresses back."""
        with self._lock:
            child, self._child = self._child, None
        for each in self._sockets.values():
            each.close()
        if child is not None:
            _end(child)

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

    def ask(self, name: str, generation: int) -> int:
        """Ask whether something is open with a process; return the number of the question, for `is_quiet`."""
        if name not in self._sockets:
            return _ALWAYS
        question = next(_questions)
        self._send("ask", name, question, generation)
        return question

    def is_quiet(self, question: int) -> bool:
        """Return whether there has been a moment since the question at which nothing was open with the process."""
        return question == _ALWAYS or question in self._quiet

    def _tell(self, verb: str, name: str, *rest: object) -> None:
        with self._lock:
            if name in self._sockets:
                self._states[name] = (verb, name, *rest)
                self._send(verb, name, *rest)

    def _send(self, verb: str, name: str, *rest: object) -> None:
        with self._lock, contextlib.suppress(OSError):  # it has just ended: the next one is told all of it
            if self._child is not None and self._child.stdin is not None and name in self._sockets:
                os.write(self._child.stdin.fileno(), encode(verb, name, *rest).encode())

    def _start(self) -> None:
        with self._lock:
            self._since = Stopwatch()
            self._child = process.start(
                python.isolated_command(_PROGRAM, [str(_PACKAGES)]),
                environment=_without_python(os.environ),
                stdin=process.PIPE,
                output=process.PIPE,
                errors=None,
                inherit=[each.fileno() for each in self._sockets.values()],
            )
            for name, each in self._sockets.items():
                self._send("front", name, each.fileno(), self._hold)
            for state in self._states.values():
                self._send(*state)
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
                _end(child)
                self._child = None
                lived = self._since.seconds
                if lived < _SOON:
                    time.sleep(_SOON - lived)  # it would end again at once
                self._start()


def _end(child: process.Child) -> None:
    """End a relay, which ends itself when its input does; its output is closed by who hears it."""
    if child.stdin is not None:
        with contextlib.suppress(OSError):
            child.stdin.close()
    if not process.ended_within(child, process.BRIEFLY):
        process.signal_group(child, signal.SIGKILL)
        child.wait()


def _listen(address: Address) -> socket.socket:
    kind = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    made = socket.socket(kind, socket.SOCK_STREAM)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # those that are accepted have it from here
        if kind == socket.AF_INET6:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        made.bind((address.host, address.port))
        made.listen(_BACKLOG)
    except OSError as error:
        made.close()
        other = f"{_variable(address.setting)}={address.port % 65535 + 1} invoke dev"
        raise ConfigurationError(
            f"{address.setting}: {address.host}:{address.port} is taken: {error.strerror}",
            hint=f"end the process that listens there, or choose another port: {other}",
        ) from None
    return made


def _variable(setting: str) -> str:
    return f"PYBUILDKIT_{setting}".replace(".", "_").replace("-", "_").upper()


def _without_python(environment: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environment.items() if name not in {"PYTHONPATH", "PYTHONHOME"}}
