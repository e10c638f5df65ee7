"""The relay's program: runs until its standard input ends, as it does when the loop is gone, however it ended."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
from functools import partial
from typing import Any

from buildkit.dev.relay.events import READ, Events
from buildkit.dev.relay.front import Front
from buildkit.dev.relay.messages import Lines, encode


def main() -> None:
    """Relay until the loop is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the loop's to decide
    _make_room()
    events, lines = Events(), Lines()
    fronts: dict[str, Front] = {}

    def hear(_ready: int) -> None:
        piece = os.read(0, 1 << 16)
        if not piece:
            os._exit(0)
        for message in lines.taken(piece):
            _obey(message, fronts, events)

    events.want(0, READ, hear, 0)
    events.run()


def _obey(message: list[Any], fronts: dict[str, Front], events: Events) -> None:
    verb, name, *rest = message
    if verb == "front":
        descriptor, hold = rest
        fronts[name] = Front(events, socket.socket(fileno=descriptor), hold, partial(_tell, name))
    elif verb == "serve":
        fronts[name].serve(*rest)
    elif verb == "wait":
        fronts[name].wait()
    elif verb == "fail":
        fronts[name].fail(*rest)
    elif verb == "ask":
        fronts[name].ask(*rest)


def _tell(name: str, question: int) -> None:
    os.write(1, encode("quiet", name, question).encode())


def _make_room() -> None:
    """Allow as many connections as the system does: each takes two descriptors."""
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource  # noqa: PLC0415 - not on every system

        most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
