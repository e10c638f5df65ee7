"""An address that is held, as the loop holds it, and servers of bytes behind it. Real sockets, real bytes."""

from __future__ import annotations

import contextlib
import http.client
import socket
import threading
import time
from collections.abc import Callable, Iterator
from email.message import Message
from functools import partial
from typing import NamedTuple

from buildkit.dev.addresses import Address, Addresses

GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


class Peer:
    """A server of bytes: each connection is passed to `talk` in a thread of its own."""

    def __init__(self, talk: Callable[[socket.socket], None], host: str = "127.0.0.1") -> None:
        kind = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.socket = socket.socket(kind)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind((host, 0))
        self.socket.listen(512)
        self.port = self.socket.getsockname()[1]
        self._talk = talk
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=self._serve, args=(self.socket.accept()[0],), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError), connection:
            self._talk(connection)

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()


def saying(words: str) -> Callable[[socket.socket], None]:
    """Answer each request of a connection that is kept with these words."""
    answer = f"HTTP/1.1 200 OK\r\nContent-Length: {len(words)}\r\n\r\n{words}".encode()

    def talk(connection: socket.socket) -> None:
        while b"\r\n\r\n" in connection.recv(65536):
            connection.sendall(answer)

    return talk


class Answer(NamedTuple):
    """What a client got."""

    status: int
    headers: Message
    body: bytes


class Held:
    """An address that is held, as the loop holds it."""

    def __init__(self, hold: float = 10) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.addresses = Addresses(hold)
        self.addresses.take({"api": Address("127.0.0.1", self.port, "dev.port")})

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=10)

    def ask(self, accept: str = "*/*") -> Answer:
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)) as connection:
            connection.request("GET", "/", headers={"Accept": accept})
            response = connection.getresponse()
            return Answer(response.status, response.headers, response.read())

    def leaves(self, generation: int) -> Callable[[], bool]:
        """Ask whether something is open with a process; return what tells whether nothing is."""
        return partial(self.addresses.is_quiet, self.addresses.ask("api", generation))


@contextlib.contextmanager
def holding() -> Iterator[Held]:
    """Hold an address."""
    found = Held()
    try:
        yield found
    finally:
        found.addresses.close()


@contextlib.contextmanager
def serving() -> Iterator[Callable[..., Peer]]:
    """Give what starts a server that talks so."""
    made: list[Peer] = []

    def make(talk: Callable[[socket.socket], None], host: str = "127.0.0.1") -> Peer:
        made.append(Peer(talk, host))
        return made[-1]

    try:
        yield make
    finally:
        for each in made:
            each.close()


def until(what: Callable[[], object], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def later(seconds: float, do: Callable[[], object]) -> None:
    threading.Timer(seconds, do).start()
