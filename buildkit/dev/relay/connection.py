"""One client's connection, from its acceptance to its end.

It is held until a process serves, then passed on. A client that keeps its connection is not tied to the process that
served it: its next request of HTTP/1 goes to the one that serves by then. `dialogue` knows whether something is under
way; what it cannot follow stays with its process to the end.
"""

from __future__ import annotations

import socket
import time

from buildkit.dev.relay import opening, pages
from buildkit.dev.relay.address import Address
from buildkit.dev.relay.dialogue import Dialogue
from buildkit.dev.relay.events import READ, WRITE, Events
from buildkit.dev.relay.farewell import says_farewell
from buildkit.dev.relay.heads import LONGEST
from buildkit.dev.relay.side import Side
from buildkit.dev.relay.target import Target

_BUFFER = memoryview(bytearray(1 << 18))
"""What is read at once; read and given on before anything else is read."""


class Connection:
    """One client's connection.

    Args:
        events: tells when its sockets are ready.
        front: the address that it came to.
        accepted: its socket.
    """

    __slots__ = (
        "_client",
        "_connecting",
        "_dialogue",
        "_early",
        "_events",
        "_front",
        "_is_alone",
        "_later",
        "_service",
        "answered",
        "since",
        "target",
    )

    def __init__(self, events: Events, front: Address, accepted: socket.socket) -> None:
        self._events = events
        self._front = front
        self._client = Side(events, accepted, self._on_client)
        self._service: Side | None = None
        self._early = bytearray()  # what the client sent before anybody could have it
        self._connecting = False
        self._is_alone = False  # its process has left and closed it, while nothing was under way
        self._later = bytearray()  # the further requests that the process does not get, since it leaves
        self._dialogue = Dialogue()
        self.target: Target | None = None
        """The process that it is passed on to; None while it is held or answered."""
        self.since = 0.0
        """When it began to wait for a process."""
        self.answered = 0.0
        """When it got an answer from here; 0 if it did not."""

    # ------------------------------------------------------------ from outside

    def connect(self, target: Target) -> None:
        """Pass it on to a process."""
        self.target, self._connecting = target, True
        try:
            reached = target.reach()
        except OSError:
            self._refused()
            return
        self._service = Side(self._events, reached, self._on_service)
        self._service.owed, self._early = self._early, bytearray()
        if self._service.owed:
            self._dialogue.ask(memoryview(bytes(self._service.owed)))
        self._settle()

    def hold(self) -> None:
        """Keep it until somebody serves."""
        self._settle()

    def is_asking(self) -> bool:
        """Return whether its request has come far enough for an answer."""
        return opening.is_whole(self._early) if self._early else self._client.ended

    def answer(self, words: str) -> None:
        """Answer it from here, and end it."""
        self.answered = time.monotonic()
        if not opening.is_request(self._early):
            self.close()
            return
        try:
            self._client.give(pages.answer(words, as_page=opening.wants_html(self._early)))
        except OSError:
            self.close()
            return
        self._settle()

    def is_open(self, now: float) -> bool:
        """Return whether something is under way with its process: an answer that is awaited, a stream, a websocket."""
        if self._service is None:
            return False
        if self._connecting or self._service.owed or self._client.owed or self._dialogue.is_switched:
            return True
        return not self._service.ended and self._dialogue.is_open(now)

    def leave(self) -> None:
        """Note that its process may have left: a client of HTTP/2 with nothing under way is to connect anew."""
        if self._dialogue.streams is None or self._connecting or self._client.is_closed:
            return
        try:
            self._settle()
        except OSError:
            self.close(at_once=True)

    def close(self, at_once: bool = False) -> None:
        """End both sides; `at_once` as a connection that broke."""
        self._front.forget(self)
        self._client.close(at_once)
        if self._service is not None:
            self._service.close(at_once)

    # ------------------------------------------------------------ what comes

    def _on_client(self, ready: int) -> None:
        if self._client.is_closed:
            return  # by what came at the same moment from the other side
        try:
            if ready & WRITE:
                self._client.pay()
            if ready & READ:
                self._read_client()
            self._settle()
        except OSError:
            self.close(at_once=True)

    def _on_service(self, ready: int) -> None:
        service = self._service
        if service is None or service.is_closed:
            return
        if self._connecting:
            if service.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
                self._refused()
                return
            self._connecting = False
            self._front.accepted(self.target)
        try:
            if ready & WRITE:
                service.pay()
            if ready & READ:
                self._read_service(service)
            self._settle()
        except OSError:
            self.close(at_once=True)

    def _read_client(self) -> None:
        try:
            count = self._client.socket.recv_into(_BUFFER)
        except BlockingIOError:
            return
        data = _BUFFER[:count]
        if not count:
            self._client.ended = True
        elif self.answered:
            pass  # the rest of a request that has its answer
        elif self._service is None:
            if self._is_alone:
                self._move(data)
            else:
                self._early += data
        elif self._has_left() and self._dialogue.may_begin(data):
            self._move(data)
        else:
            self._pass_on(data, self._service)

    def _read_service(self, service: Side) -> None:
        try:
            count = service.socket.recv_into(_BUFFER)
        except BlockingIOError:
            return
        except ConnectionError:
            if not self._goes_elsewhere():
                raise
            return
        if count:
            self._dialogue.answer(_BUFFER[:count])
            self._client.give(_BUFFER[:count])
        elif not self._goes_elsewhere():
            service.ended = True

    def _pass_on(self, data: memoryview, service: Side) -> None:
        """Give bytes to the process; where it leaves, those of the request that it has begun to read alone."""
        leaves = self.target is not self._front.target
        count = self._dialogue.ask(data, one=leaves)
        self._later += data[count:]
        if self._connecting:
            service.owed += data[:count]
        else:
            service.give(data[:count])

    # ------------------------------------------------------------ from one process to another

    def _has_left(self) -> bool:
        """Return whether its process no longer serves, and nothing is under way on this connection."""
        client, service = self._client, self._service
        return (
            self.target is not self._front.target
            and self._dialogue.may_move
            and not client.owed
            and not client.shut
            and not (service is not None and service.owed)
        )

    def _goes_elsewhere(self) -> bool:
        """Where a process that leaves closes a connection on which nothing is under way: keep it for another one."""
        if not self._has_left():
            return False
        if not self._dialogue.has_begun:  # it may be the process that speaks first
            self._move(b"")
            return True
        if not self._dialogue.may_pause:
            return False
        if self._service is not None:
            self._service.close()
        self._service, self._is_alone = None, True
        return True

    def _move(self, data: memoryview | bytes) -> None:
        if self._service is not None:
            self._service.close()
        self._service, self._is_alone = None, False
        self._early += data
        self._dialogue = Dialogue()
        self._front.place(self)

    def _refused(self) -> None:
        """Where the process does not listen: hold it, until it does or another one serves."""
        service, self._service, self._connecting = self._service, None, False
        if service is not None:
            self._early = service.owed
            self._dialogue = Dialogue()
            service.close()
        refused, self.target = self.target, None
        self._front.refused(self, refused)

    # ------------------------------------------------------------ what to wait for next

    def _settle(self) -> None:
        if self._client.is_closed:
            return
        if self._service is None:
            self._settle_alone()
            return
        client, service = self._client, self._service
        if self._connecting:
            client.want(reading=not client.ended and len(service.owed) < LONGEST, writing=False)
            service.want(reading=False, writing=True)
            return
        if self.target is not self._front.target and says_farewell(self._dialogue, client):
            service.close()
            self._service, self.answered = None, time.monotonic()
            self._front.refused(self, None)
            return
        if self._later and self._has_left():
            later, self._later = self._later, bytearray()
            self._move(bytes(later))
            return
        if client.ended and not service.owed:
            service.finish()
        if service.ended and not client.owed:
            client.finish()
        if client.shut and service.shut:
            self.close()
            return
        reading = not client.ended and not service.owed and not self._later
        client.want(reading=reading, writing=bool(client.owed))
        service.want(reading=not service.ended and not client.owed, writing=bool(service.owed))

    def _settle_alone(self) -> None:
        client = self._client
        if self.answered:
            if not client.owed:
                client.finish()
            if client.ended and not client.owed:
                self.close()
            else:
                client.want(reading=not client.ended, writing=bool(client.owed))
        elif client.ended and not self._early:
            self.close()
        else:
            client.want(reading=not client.ended and len(self._early) < LONGEST, writing=False)
