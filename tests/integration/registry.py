"""A real registry (Debian's docker-registry) on this machine, and a proxy before it that cuts connections."""

from __future__ import annotations

import contextlib
import http.client
import os
import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from buildkit.doors import process

CONFIG = """
version: 0.1
log: {{level: error, accesslog: {{disabled: true}}}}
storage: {{filesystem: {{rootdirectory: {folder}}}, delete: {{enabled: true}}}}
http: {{addr: "127.0.0.1:{port}", secret: "x"}}
{auth}
"""


@dataclass(frozen=True)
class Running:
    """A registry that answers, and the folder that it keeps blobs in."""

    port: int
    folder: Path

    @property
    def blobs(self) -> list[Path]:
        """Return the files of all blobs."""
        return list(self.folder.glob("docker/registry/v2/blobs/sha256/*/*/data"))


def program() -> str | None:
    """Return the registry's program, None if there is none."""
    return shutil.which("docker-registry", path=f"{os.environ['PATH']}:/usr/sbin:/usr/local/bin")


@contextlib.contextmanager
def registry(place: Path, *, password: str = "") -> Iterator[Running]:
    """Run a registry below `place`; with `password` the user `robot` alone may use it (a bcrypt line of htpasswd)."""
    command = program()
    assert command is not None
    place.mkdir(parents=True, exist_ok=True)
    port = free_port()
    auth = ""
    if password:
        (place / "htpasswd").write_text(password)
        auth = f"auth: {{htpasswd: {{realm: test, path: {place / 'htpasswd'}}}}}"
    (place / "config.yml").write_text(CONFIG.format(folder=place / "store", port=port, auth=auth))
    with (place / "log").open("w") as log:
        child = process.start([command, "serve", str(place / "config.yml")], output=log.fileno())
    try:
        deadline = time.monotonic() + 20
        while not _answers(port):
            assert child.poll() is None, (place / "log").read_text()
            assert time.monotonic() < deadline, "it never answered"
            time.sleep(0.02)
        yield Running(port, place / "store")
    finally:
        process.end(child, 2)


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=1)
    try:
        connection.request("GET", "/v2/")
        return connection.getresponse().status in {200, 401}
    except OSError:
        return False
    finally:
        connection.close()


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


class Cutter:
    """A proxy that ends all connections each time so many bytes have passed.

    Args:
        target: the port behind it.
        every: bytes between two cuts.
    """

    def __init__(self, target: int, every: int) -> None:
        self.cuts = 0
        self.passed = 0
        self._every = every
        self._left = every
        self._target = target
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._server.getsockname()[1])
        self._sockets: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._run(self._serve)

    def _run(self, do: Callable[..., None], *arguments: socket.socket) -> None:
        thread = threading.Thread(target=do, args=arguments)
        self._threads.append(thread)
        thread.start()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._server.accept()
                server = socket.create_connection(("127.0.0.1", self._target))
                self._sockets += [client, server]
                self._run(self._pass, client, server)
                self._run(self._pass, server, client)

    def _pass(self, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while block := source.recv(1 << 14):
                target.sendall(block)
                self.passed += len(block)
                self._left -= len(block)
                if self._left < 0:
                    self._left = self._every
                    self.cuts += 1
                    self._cut(*self._sockets)
        self._cut(source, target)

    def _cut(self, *sockets: socket.socket) -> None:
        for each in sockets:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """End it."""
        self._cut(self._server, *self._sockets)
        for thread in self._threads:
            thread.join(5)
        for each in (self._server, *self._sockets):
            each.close()
