"""Addresses that come, go, change and are called otherwise while clients are connected. Real sockets, real bytes."""

from __future__ import annotations

import contextlib
import http.client
import socket
import threading
import time
from collections.abc import Callable, Iterator

import psutil
import pytest
from held_address import GET, Held, Peer, saying, until

from buildkit.dev.addresses import Address
from buildkit.errors import ConfigurationError


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def at(port: int, host: str = "127.0.0.1") -> Address:
    return Address(host, port, "dev.port")


@contextlib.contextmanager
def under_way(held: Held, peer: Callable[..., Peer]) -> Iterator[Callable[[], bytes]]:
    """Ask something that takes its time; yield what lets it be answered, and returns the answer."""
    go_on, begun = threading.Event(), threading.Event()

    def talk(connection: socket.socket) -> None:
        connection.recv(65536)
        begun.set()
        go_on.wait(10)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nlate")
        connection.recv(65536)

    held.addresses.serve("api", 1, peer(talk).port)
    with held.connect() as client:
        client.sendall(GET)
        assert begun.wait(10)

        def answer() -> bytes:
            go_on.set()
            return client.recv(4096)

        yield answer


CHANGES: dict[str, Callable[[int], dict[str, Address]]] = {
    "another one comes": lambda port: {"api": at(port), "more": at(free_port())},
    "it listens for everybody": lambda port: {"api": at(port, "0.0.0.0")},
    "it gets another port": lambda _port: {"api": at(free_port())},
    "it is called otherwise": lambda port: {"web": at(port)},
    "it goes": lambda _port: {},
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_is_under_way_is_answered(held: Held, peer: Callable[..., Peer], change: str) -> None:
    with under_way(held, peer) as answer:
        held.addresses.take(CHANGES[change](held.port))
        assert answer().endswith(b"late")


def test_a_service_that_is_called_otherwise_keeps_who_connects(held: Held, peer: Callable[..., Peer]) -> None:
    held.addresses.serve("api", 1, peer(saying("old")).port)
    kept = http.client.HTTPConnection("127.0.0.1", held.port, timeout=10)
    kept.request("GET", "/")
    assert kept.getresponse().read() == b"old"
    sock = kept.sock
    held.addresses.take({"web": at(held.port)})
    with held.connect() as waiting:
        waiting.sendall(GET)
        kept.request("GET", "/")
        held.addresses.serve("web", 2, peer(saying("new")).port)
        assert waiting.recv(4096).endswith(b"new")
    assert kept.getresponse().read() == b"new"
    assert kept.sock is sock
    kept.close()


@pytest.mark.parametrize(("first", "then"), [("127.0.0.1", "0.0.0.0"), ("0.0.0.0", "127.0.0.1"), ("127.0.0.1", "::")])
def test_a_port_is_kept_where_others_are_to_reach_it(
    held: Held, peer: Callable[..., Peer], first: str, then: str
) -> None:
    held.addresses.take({"api": at(held.port, first)})
    held.addresses.serve("api", 1, peer(saying("here")).port)
    clients = [held.connect() for _ in range(200)]
    held.addresses.take({"api": at(held.port, then)})
    clients += [held.connect() for _ in range(200)]
    for each in clients:
        each.sendall(GET)
    for each in clients:
        with each:
            assert each.recv(4096).endswith(b"here")
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with pytest.raises(OSError, match="in use"):
            other.bind(("127.0.0.1", held.port))


def test_two_services_change_their_ports(held: Held, peer: Callable[..., Peer]) -> None:
    port = free_port()
    held.addresses.take({"api": at(held.port), "web": at(port)})
    held.addresses.serve("api", 1, peer(saying("api")).port)
    held.addresses.serve("web", 2, peer(saying("web")).port)
    assert held.ask().body == b"api"
    held.addresses.take({"api": at(port), "web": at(held.port)})
    until(lambda: held.ask().body == b"web")


def test_an_address_that_went_is_given_back(held: Held) -> None:
    held.addresses.take({"web": at(free_port())})

    def is_free() -> bool:
        with socket.socket() as other, contextlib.suppress(OSError):
            other.bind(("127.0.0.1", held.port))
            return True
        return False

    until(is_free)


def test_what_is_refused_changes_nothing(held: Held, peer: Callable[..., Peer]) -> None:
    held.addresses.serve("api", 1, peer(saying("here")).port)
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]
        with pytest.raises(ConfigurationError, match="is taken"):
            held.addresses.take({"api": at(held.port, "0.0.0.0"), "more": at(taken)})
        with pytest.raises(ConfigurationError, match="is taken"):
            held.addresses.take({"api": at(held.port), "more": at(held.port)})
    assert held.addresses.ports == {"api": held.port}
    assert held.ask().body == b"here"


def test_what_a_process_did_not_accept_before_it_ended_waits_for_the_next_one(
    held: Held, peer: Callable[..., Peer]
) -> None:
    dead = socket.create_server(("127.0.0.1", 0), backlog=64)
    port = dead.getsockname()[1]
    held.addresses.serve("api", 1, port)
    clients = [held.connect() for _ in range(30)]
    for each in clients:
        each.sendall(GET)
    until(lambda: connected_to(port) == len(clients))
    held.addresses.wait("api")
    held.addresses.take_in("api", dead)
    held.addresses.serve("api", 2, peer(saying("new")).port)
    for each in clients:
        assert each.recv(4096).endswith(b"new")
    held.addresses.serve("api", 3, peer(saying("newest")).port)
    for each in clients:
        with each:
            each.sendall(GET)
            assert each.recv(4096).endswith(b"newest"), "it is kept as any other"


def connected_to(port: int) -> int:
    """Return how many connections there are to a port of this machine."""
    return sum(each.raddr[1:] == (port,) for each in psutil.net_connections("tcp4"))


def test_who_waits_does_so_as_long_as_is_set_by_now(held: Held) -> None:
    with held.connect() as client:
        client.sendall(GET)
        held.addresses.hold(0.5)
        start = time.monotonic()
        assert b"It has not been for 0.5 seconds." in client.recv(65536)
        assert time.monotonic() - start < 8, "it was 10"
    held.addresses.take({"web": at(free_port())})
    with socket.create_connection(("127.0.0.1", held.addresses.ports["web"]), timeout=10) as client:
        client.sendall(GET)
        assert b"It has not been for 0.5 seconds." in client.recv(65536)
