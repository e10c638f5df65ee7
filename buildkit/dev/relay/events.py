"""Waits for sockets, and calls who asked for them."""

from __future__ import annotations

import selectors
import socket
import time
from collections.abc import Callable

READ, WRITE = selectors.EVENT_READ, selectors.EVENT_WRITE

Handler = Callable[[int], None]

TICK = 0.02
"""Seconds between two ticks of the clock, where somebody needs one."""


class Events:
    """The sockets that are waited for."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._ticking: set[Callable[[float], bool]] = set()

    def want(self, source: socket.socket | int, interest: int, handler: Handler, before: int) -> None:
        """Wait for other events of a socket than before.

        Args:
            source: the socket.
            interest: `READ`, `WRITE`, both, or 0 for nothing any more.
            handler: called with what it is ready for.
            before: what was waited for.
        """
        if not interest:
            self._selector.unregister(source)
        elif before:
            self._selector.modify(source, interest, handler)
        else:
            self._selector.register(source, interest, handler)

    def tick(self, call: Callable[[float], bool]) -> None:
        """Call with the time in seconds, again and again until it returns that it needs no further tick."""
        self._ticking.add(call)

    def run(self) -> None:
        """Serve events for ever."""
        select = self._selector.select
        ticked = time.monotonic()
        while True:
            for key, ready in select(TICK if self._ticking else None):
                key.data(ready)
            if self._ticking:
                now = time.monotonic()
                if now - ticked >= TICK / 2:
                    ticked = now
                    for call in [*self._ticking]:
                        if not call(now):
                            self._ticking.discard(call)
