"""Where messages of HTTP/1 end, seen from outside: what a process that leaves answers, and what the next one does."""

from __future__ import annotations

import http.client
import socket
import threading
import time
from collections.abc import Callable

from held_address import GET, Held, Peer, saying, until

STREAM = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
OLD = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nold"
SWITCHING = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"


def received(client: socket.socket, words: bytes) -> bytes:
    """Return what the client got up to these words."""
    found = b""
    while not found.endswith(words):
        piece = client.recv(4096)
        assert piece, f"the connection ended after {found!r}"
        found += piece
    return found


def test_a_stream_that_pauses_is_not_over(held: Held, peer: Callable[..., Peer]) -> None:
    go_on = threading.Event()

    def stream(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(STREAM + b"5\r\nfirst\r\n")
        go_on.wait(10)
        connection.sendall(b"4\r\nlast\r\n0\r\n\r\n")
        connection.recv(65536)

    old, new = peer(stream), peer(saying("new"))
    held.addresses.serve("api", 1, old.port)
    with held.connect() as client:
        client.sendall(GET)
        received(client, b"first\r\n")
        held.addresses.serve("api", 2, new.port)
        quiet = held.leaves(1)
        time.sleep(1)
        assert not quiet()
        go_on.set()
        received(client, b"0\r\n\r\n")
        until(quiet)
        client.sendall(GET)
        received(client, b"new")


def test_a_kept_connection_that_the_old_process_closes_is_there_for_the_new_one(
    held: Held, peer: Callable[..., Peer]
) -> None:
    ends = threading.Event()

    def once(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(OLD)
        ends.wait(10)

    old, new = peer(once), peer(saying("new"))
    held.addresses.serve("api", 1, old.port)
    client = http.client.HTTPConnection("127.0.0.1", held.port, timeout=10)
    client.request("GET", "/")
    assert client.getresponse().read() == b"old"
    kept = client.sock
    held.addresses.serve("api", 2, new.port)
    until(held.leaves(1))
    ends.set()
    time.sleep(0.5)
    client.request("POST", "/", body=b"words", headers={"Expect": "nothing"})
    assert client.getresponse().read() == b"new"
    assert client.sock is kept, "by the same connection"
    client.close()


def test_who_was_told_that_the_connection_ends_sees_its_end(held: Held, peer: Callable[..., Peer]) -> None:
    ends = threading.Event()

    def once(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(OLD.replace(b"\r\n", b"\r\nConnection: close\r\n", 1))
        ends.wait(10)

    held.addresses.serve("api", 1, peer(once).port)
    with held.connect() as client:
        client.sendall(GET)
        received(client, b"old")
        held.addresses.serve("api", 2, peer(saying("new")).port)
        ends.set()
        assert client.recv(100) == b""


def test_what_is_asked_behind_a_request_under_way_goes_to_the_new_process(
    held: Held, peer: Callable[..., Peer]
) -> None:
    go_on = threading.Event()
    heard = []

    def slow(connection: socket.socket) -> None:
        heard.append(connection.recv(65536))
        go_on.wait(10)
        connection.sendall(OLD)
        heard.append(connection.recv(65536))

    old, new = peer(slow), peer(saying("new"))
    held.addresses.serve("api", 1, old.port)
    with held.connect() as client:
        client.sendall(GET)
        until(lambda: heard)
        held.addresses.serve("api", 2, new.port)
        time.sleep(0.1)
        client.sendall(GET)
        time.sleep(0.2)
        go_on.set()
        assert received(client, b"new").startswith(OLD)
    until(lambda: len(heard) > 1)
    assert heard == [GET, b""]


def test_all_that_was_asked_at_once_is_answered_before_the_process_is_quiet(
    held: Held, peer: Callable[..., Peer]
) -> None:
    go_on = threading.Event()

    def one_by_one(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(OLD)
        go_on.wait(10)
        connection.sendall(OLD)
        connection.recv(65536)

    held.addresses.serve("api", 1, peer(one_by_one).port)
    with held.connect() as client:
        client.sendall(GET + GET)
        received(client, b"old")
        held.addresses.serve("api", 2, peer(saying("new")).port)
        quiet = held.leaves(1)
        time.sleep(0.6)
        assert not quiet()
        go_on.set()
        received(client, b"old")
        until(quiet)


def test_the_head_of_a_websocket_may_come_in_pieces(held: Held, peer: Callable[..., Peer]) -> None:
    def upgraded(connection: socket.socket) -> None:
        head = b""
        while b"\r\n\r\n" not in head:
            head += connection.recv(65536)
        connection.sendall(SWITCHING)
        while data := connection.recv(100):
            connection.sendall(b"echo " + data)

    held.addresses.serve("api", 1, peer(upgraded).port)
    with held.connect() as client:
        for piece in (b"GE", b"T /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgr", b"ade\r\nUpgrade: websocket\r\n\r\n"):
            client.sendall(piece)
            time.sleep(0.05)
        received(client, b"\r\n\r\n")
        held.addresses.serve("api", 2, peer(saying("new")).port)
        quiet = held.leaves(1)
        time.sleep(0.6)
        client.sendall(GET)
        assert client.recv(4096) == b"echo " + GET
        assert not quiet()
    until(quiet)


def test_a_request_that_begins_with_two_letters_is_answered_where_nobody_will_serve(held: Held) -> None:
    held.addresses.fail("api", "no")
    with held.connect() as client:
        client.sendall(b"GE")
        time.sleep(0.2)
        client.sendall(b"T / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert client.recv(4096).startswith(b"HTTP/1.1 503 ")


def test_a_request_whose_head_is_too_long_to_be_read_is_open_until_it_is_answered(
    held: Held, peer: Callable[..., Peer]
) -> None:
    asked, go_on = threading.Event(), threading.Event()
    head = b"GET / HTTP/1.1\r\nHost: x\r\n" + b"X: " + b"v" * 70_000 + b"\r\n\r\n"

    def talk(connection: socket.socket) -> None:
        received(connection, b"\r\n\r\n")
        asked.set()
        go_on.wait(10)
        connection.sendall(OLD)
        connection.recv(65536)

    held.addresses.serve("api", 1, peer(talk).port)
    with held.connect() as client:
        client.sendall(head)
        assert asked.wait(10)
        held.addresses.serve("api", 2, peer(saying("new")).port)
        quiet = held.leaves(1)
        time.sleep(1)
        assert not quiet()
        go_on.set()
        received(client, b"old")
        until(quiet)
