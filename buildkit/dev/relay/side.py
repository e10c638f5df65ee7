"""One end of a connection: what it is owed, and what is still to come from it."""

from __future__ import annotations

import contextlib
import socket
import struct

from buildkit.dev.relay.events import READ, WRITE, Events, Handler

_AT_ONCE = struct.pack("ii", 1, 0)
"""For SO_LINGER: closing resets the connection."""


class Side:
    """One end of a connection.

    Args:
        events: tells when its socket is ready.
        socket: its socket, which does not block.
        handler: called with what the socket is ready for.
    """

    __slots__ = ("_events", "_handler", "_interest", "ended", "owed", "shut", "socket")

    def __init__(self, events: Events, socket: socket.socket, handler: Handler) -> None:
        self.socket = socket
        self.owed = bytearray()
        """What it has not been sent yet."""
        self.ended = False
        """Whether it has sent its last byte."""
        self.shut = False
        """Whether it has been told that nothing more will come."""
        self._events = events
        self._handler = handler
        self._interest = 0

    @property
    def is_closed(self) -> bool:
        """Whether it was closed."""
        return self.socket.fileno() < 0

    def give(self, data: memoryview | bytes) -> None:
        """Send it bytes, and keep what it does not take at once.

        Raises:
            OSError: it is gone.
        """
        sent = 0
        if not self.owed:
            try:
                sent = self.socket.send(data)
            except BlockingIOError:
                sent = 0
        if sent < len(data):
            self.owed += data[sent:]

    def pay(self) -> None:
        """Send it what it is owed, as far as it takes it.

        Raises:
            OSError: it is gone.
        """
        if self.owed:
            try:
                sent = self.socket.send(self.owed)
            except BlockingIOError:
                return
            del self.owed[:sent]

    def finish(self) -> None:
        """Tell it that nothing more will come.

        Raises:
            OSError: it is gone.
        """
        if not self.shut:
            self.shut = True
            self.socket.shutdown(socket.SHUT_WR)

    def want(self, reading: bool, writing: bool) -> None:
        """Say what to wait for."""
        interest = (READ if reading else 0) | (WRITE if writing else 0)
        if interest != self._interest:
            self._events.want(self.socket, interest, self._handler, self._interest)
            self._interest = interest

    def close(self, at_once: bool = False) -> None:
        """Close it.

        Args:
            at_once: reset it, as a connection that broke.
        """
        self.want(reading=False, writing=False)
        if at_once:
            with contextlib.suppress(OSError):
                self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
        self.socket.close()
