"""The relay's program: runs until its standard input ends, as it does when the loop is gone, however it ended."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import sys
from collections import deque
from functools import partial
from typing import Any

from buildkit.dev.relay.events import READ, Events
from buildkit.dev.relay.front import Front
from buildkit.dev.relay.messages import Lines, encode

_SET_PARENT_DEATH_SIGNAL = 1
_AT_ONCE = 64
"""Descriptors that are taken at once."""


def main() -> None:
    """Relay until the loop is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the loop's to decide
    _wake_when_alone()
    _make_room()
    events, lines = Events(), Lines()
    fronts: dict[str, Front] = {}
    loop = socket.socket(fileno=0)
    passed: deque[int] = deque()  # descriptors, which come no later than the messages that they belong to

    def hear(_ready: int) -> None:
        piece = b""
        with contextlib.suppress(OSError):  # it is gone
            piece, descriptors, _, _ = socket.recv_fds(loop, 1 << 16, _AT_ONCE)
            passed.extend(descriptors)
        if not piece:
            os._exit(0)
        for message in lines.taken(piece):
            _obey(message, fronts, passed, events)

    events.want(loop, READ, hear, 0)
    events.run()


def _obey(message: list[Any], fronts: dict[str, Front], passed: deque[int], events: Events) -> None:
    verb, name, *rest = message
    if verb == "front":
        listener = socket.socket(fileno=passed.popleft())
        if name in fronts:
            fronts[name].listen(listener)
        else:
            fronts[name] = Front(events, listener, rest[0], partial(_tell, name))
    elif verb == "hold":
        (fronts[name].hold,) = rest
    elif verb == "take":
        with socket.socket(fileno=passed.popleft()) as left:
            fronts[name].take_in(left)
    elif verb == "drop":
        fronts[name].drop()
    elif verb == "serve":
        fronts[name].serve(*rest)
    elif verb == "wait":
        fronts[name].wait()
    elif verb == "fail":
        fronts[name].fail(*rest)
    elif verb == "ask":
        _ask(fronts.get(name), name, *rest)


def _ask(front: Front | None, name: str, question: int, generation: int) -> None:
    if front is None:  # it went before this relay was started: nothing is open with it
        _tell(name, question)
    else:
        front.ask(question, generation)


def _tell(name: str, question: int) -> None:
    os.write(1, encode("quiet", name, question).encode())


def _wake_when_alone() -> None:
    """Let the kernel continue this process when the loop is gone: suspended, it would hold the addresses on."""
    if sys.platform == "linux":
        import ctypes  # noqa: PLC0415 - for Linux alone

        ctypes.CDLL(None).prctl(_SET_PARENT_DEATH_SIGNAL, ctypes.c_ulong(signal.SIGCONT), 0, 0, 0)


def _make_room() -> None:
    """Allow as many connections as the system does: each takes two descriptors."""
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource  # noqa: PLC0415 - not on every system

        most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
