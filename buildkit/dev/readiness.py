"""What says that a process is ready: an address of HTTP, a port, a line of its log, a command, or that it lives."""

from __future__ import annotations

import contextlib
import http.client
import shlex
import socket
from collections.abc import Callable, Sequence
from typing import Protocol
from urllib.parse import urlsplit

from buildkit.doors import process

SETTLE = 1.0
"""Seconds after which a process that is asked nothing counts as ready."""

_ANSWER = 2.0
_FINE = range(200, 400)
_HOSTS = ("127.0.0.1", "::1")


class Started(Protocol):
    """The part of a process that is looked at."""

    @property
    def age(self) -> float:
        """Seconds since its start."""

    @property
    def port(self) -> int:
        """Where it listens on this machine."""

    @property
    def was_told(self) -> str | tuple[str, ...]:
        """What says that it is ready."""

    @property
    def has_listened(self) -> bool:
        """Whether a process of the same service was seen to listen."""

    @property
    def is_told_where(self) -> bool:
        """Whether its command says where it is to listen."""

    def elsewhere(self) -> Sequence[int]:
        """Return the ports that it listens on although it was given another one."""

    def is_taken_up(self) -> bool | None:
        """Return whether it accepts on the socket that it got; None if it got none."""

    def has_said(self, text: str) -> bool:
        """Return whether a line of its log has this text."""

    def asks(self, command: tuple[str, ...]) -> bool:
        """Return whether a command succeeds in its surroundings."""


def is_ready(started: Started) -> bool:
    """Return whether a process is ready; it takes two seconds at most, and as long as a command takes."""
    ready = started.was_told
    if not isinstance(ready, str):
        return started.asks(ready)
    if ready.startswith(("http://", "https://")):
        return answers(ready)
    if ready == "tcp":
        return _serves(started)
    if ready == "alive":
        return started.age >= SETTLE
    if ready.startswith("log:"):
        return started.has_said(ready.removeprefix("log:"))
    listens_some_day = started.is_told_where or started.has_listened or started.elsewhere()
    return _serves(started) or (started.age >= SETTLE and not listens_some_day)


def what_lacks(started: Started) -> str:
    """Return in short what a process that is not ready would have to do."""
    ready, there = started.was_told, started.elsewhere()
    given = str(started.port) if started.is_taken_up() is None else "the socket"
    if there:
        return f"listens on {' and '.join(map(str, there))}, not on {given}"
    if not isinstance(ready, str):
        return f"{shlex.join(ready)} does not succeed"
    if ready.startswith(("http://", "https://")):
        return f"{ready} does not answer with 2xx or 3xx"
    if ready.startswith("log:"):
        return f"its log has no line with {ready.removeprefix('log:')}"
    return "starting" if ready == "alive" else f"does not listen on {given}"


def _serves(started: Started) -> bool:
    taken_up = started.is_taken_up()
    return (bool(started.port) and listens(started.port)) if taken_up is None else taken_up


def answers(address: str) -> bool:
    """Return whether an address of HTTP answers with 2xx or 3xx."""
    parts = urlsplit(address)
    kind: Callable[..., http.client.HTTPConnection] = http.client.HTTPConnection
    surroundings = {}
    if parts.scheme == "https":
        import ssl  # noqa: PLC0415 - few services of development speak it

        kind = http.client.HTTPSConnection
        surroundings = {"context": ssl._create_unverified_context()}  # noqa: S323, SLF001 - its own certificate
    connection = kind(parts.hostname or "127.0.0.1", parts.port, timeout=_ANSWER, **surroundings)
    try:
        connection.request("GET", f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}")
        return connection.getresponse().status in _FINE
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def listens(port: int) -> bool:
    """Return whether somebody listens on this port of this machine."""
    for host in _HOSTS:
        with contextlib.suppress(OSError), socket.create_connection((host, port), timeout=_ANSWER):
            return True
    return False


def succeeds(command: tuple[str, ...], environment: dict[str, str]) -> bool:
    """Return whether a command ends with exit code 0."""
    try:
        return process.run(command, environment=environment, timeout=10).ok
    except (OSError, TimeoutError):
        return False
