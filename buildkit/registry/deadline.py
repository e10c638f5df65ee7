"""The time that one request may take, answer included."""

from __future__ import annotations

import contextlib
import http.client
import socket
import threading
import time

from buildkit.registry.patience import TransientFailure

PATIENCE = 60.0
"""Seconds to wait for the next byte, and for the whole head of an answer."""

SLOWEST = 32 << 10
"""Bytes a second that a transfer has to reach, besides `PATIENCE`."""


class Deadline:
    """Ends a connection when its time is over; a socket's own limit starts again with every byte.

    Args:
        connection: the connection, which is shut down when the time is over.
        size: the bytes to send.
    """

    def __init__(self, connection: http.client.HTTPConnection, size: int) -> None:
        self._connection = connection
        self._over = threading.Event()
        self._socket: socket.socket | None = None
        self.expired = False
        self.allow(size)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def allow(self, size: int) -> None:
        """Allow the time that so many bytes may take, from now on."""
        self._seconds = PATIENCE + size / SLOWEST
        self._until = time.monotonic() + self._seconds

    def connected(self) -> None:
        """Keep the socket, which the connection gives up once the head of an answer is there."""
        self._socket = self._connection.sock

    def failure(self, error: object) -> TransientFailure:
        """Return the failure of the connection for an error."""
        if self.expired:
            return TransientFailure(f"no whole answer within {self._seconds:.0f} s", slow=True)
        return TransientFailure(error)

    def end(self) -> None:
        """Stop the clock; the request has ended."""
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._over.wait(max(self._until - time.monotonic(), 0.01)):
            if time.monotonic() >= self._until:
                self.expired = True
                found = self._socket or self._connection.sock
                with contextlib.suppress(OSError, AttributeError):
                    socket.socket.shutdown(found, socket.SHUT_RDWR)
                return
