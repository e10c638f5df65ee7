"""Other protocols than HTTP/1, and clients that behave badly, while processes come and go: real sockets, real bytes."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable

import pytest
from held_address import GET, Held, Peer, saying, until

from buildkit.dev.relay.streams import PREFACE

SETTINGS = b"\0\0\0\x04\0\0\0\0\0"
ASKS = {stream: b"\0\0\3\1\5" + stream.to_bytes(4, "big") + b"get" for stream in (1, 3)}
LEAVES = b"\0\0\x08\7\0\0\0\0\0\0\0\0\1\0\0\0\0"
"""GOAWAY: the stream with number 1 was the last one that was begun."""


def answers(stream: int, words: bytes) -> bytes:
    return b"\0\0\4\1\4" + stream.to_bytes(4, "big") + b"head" + b"\0\0\3\0\1" + stream.to_bytes(4, "big") + words


def exactly(connection: socket.socket, words: bytes) -> None:
    """Receive these words, and no others."""
    got = b""
    while len(got) < len(words):
        piece = connection.recv(len(words) - len(got))
        assert piece, got
        got += piece
    assert got == words


class Http2:
    """A server that answers the first request of a connection when it may, and each further one at once."""

    def __init__(self, words: bytes) -> None:
        self.may = threading.Event()
        self.words = words
        self.seen: list[int] = []

    def __call__(self, connection: socket.socket) -> None:
        connection.sendall(SETTINGS)
        exactly(connection, PREFACE + SETTINGS)
        while head := connection.recv(9, socket.MSG_WAITALL):
            stream = int.from_bytes(head[5:], "big")
            connection.recv(int.from_bytes(head[:3], "big"), socket.MSG_WAITALL)
            self.seen.append(stream)
            self.may.wait(10)
            connection.sendall(answers(stream, self.words))


def opened(held: Held) -> socket.socket:
    client = held.connect()
    client.sendall(PREFACE + SETTINGS)
    exactly(client, SETTINGS)
    return client


def test_a_call_over_http_2_is_answered_by_whom_it_was_begun_with(held: Held, peer: Callable[..., Peer]) -> None:
    old, new = Http2(b"old"), Http2(b"new")
    new.may.set()
    held.addresses.serve("api", 1, peer(old).port)
    with opened(held) as client:
        client.sendall(ASKS[1])
        until(lambda: old.seen == [1])
        held.addresses.serve("api", 2, peer(new).port)
        quiet = held.leaves(1)
        time.sleep(0.7)
        assert not quiet(), "as long as it pauses"
        old.may.set()
        exactly(client, answers(1, b"old"))
        exactly(client, LEAVES)
        client.sendall(ASKS[3])
        assert client.recv(1) == b"", "its next call is for another connection"
        until(quiet)
    with opened(held) as client:
        client.sendall(ASKS[1])
        exactly(client, answers(1, b"new"))
    assert old.seen == [1], "none is done twice"


@pytest.mark.parametrize("how", ["the next one serves", "nobody serves yet"])
def test_a_connection_of_http_2_on_which_nothing_is_under_way_is_ended_in_order(
    held: Held, peer: Callable[..., Peer], how: str
) -> None:
    old = Http2(b"old")
    old.may.set()
    held.addresses.serve("api", 1, peer(old).port)
    with opened(held) as client:
        client.sendall(ASKS[1])
        exactly(client, answers(1, b"old"))
        if how == "nobody serves yet":
            held.addresses.wait("api")
        else:
            held.addresses.serve("api", 2, peer(saying("new")).port)
        exactly(client, LEAVES)
        assert client.recv(1) == b""
    until(held.leaves(1))


def test_a_connection_of_http_2_that_has_asked_nothing_yet_is_answered_before_it_is_ended(
    held: Held, peer: Callable[..., Peer]
) -> None:
    """A client that hears GOAWAY between its settings and its first request takes it for a failure (httpx)."""
    old = Http2(b"old")
    old.may.set()
    held.addresses.serve("api", 1, peer(old).port)
    with opened(held) as client:
        held.addresses.serve("api", 2, peer(saying("new")).port)
        assert held.ask().body == b"new"
        client.sendall(ASKS[1])
        exactly(client, answers(1, b"old"))
        exactly(client, LEAVES)
        assert client.recv(1) == b""


def test_an_answer_over_tls_is_awaited_however_long_it_takes(held: Held, peer: Callable[..., Peer]) -> None:
    asked, go = threading.Event(), threading.Event()

    def slow(connection: socket.socket) -> None:
        connection.recv(100)
        connection.sendall(b"\x16\x03\x03 hello")
        connection.recv(100)
        asked.set()
        go.wait(10)
        connection.sendall(b"\x17\x03\x03 answer")
        connection.recv(1)

    held.addresses.serve("api", 1, peer(slow).port)
    with held.connect() as client:
        client.sendall(b"\x16\x03\x01 hello")
        exactly(client, b"\x16\x03\x03 hello")
        client.sendall(b"\x17\x03\x03 request")
        assert asked.wait(10)
        held.addresses.serve("api", 2, peer(saying("new")).port)
        quiet = held.leaves(1)
        time.sleep(0.7)
        assert not quiet()
        go.set()
        exactly(client, b"\x17\x03\x03 answer")
        until(quiet)


def reading_all(length: int, got: list[int]) -> Callable[[socket.socket], None]:
    def talk(connection: socket.socket) -> None:
        got.append(0)
        while got[0] < length and (piece := connection.recv(1 << 17)):
            got[0] += len(piece)
        if got[0] == length:
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nall")
            connection.recv(1)

    return talk


@pytest.mark.parametrize("shuts", [False, True], ids=["open", "half-closed"])
def test_an_upload_goes_on_where_it_began(held: Held, peer: Callable[..., Peer], shuts: bool) -> None:
    body = 4_000_000
    head = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % body
    got: list[int] = []
    held.addresses.serve("api", 1, peer(reading_all(len(head) + body, got)).port)
    with held.connect() as client:
        client.sendall(head + bytes(body // 2))
        until(lambda: got and got[0] > 0)
        held.addresses.serve("api", 2, peer(saying("new")).port)
        quiet = held.leaves(1)
        assert held.ask().body == b"new"
        time.sleep(0.5)
        assert not quiet()
        client.sendall(bytes(body // 2))
        if shuts:
            client.shutdown(socket.SHUT_WR)
        exactly(client, b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nall")
        until(quiet)
        if not shuts:
            client.sendall(GET)
            assert client.recv(4096).endswith(b"new"), "by the same connection"


def test_who_vanishes_in_an_upload_keeps_no_process(held: Held, peer: Callable[..., Peer]) -> None:
    got: list[int] = []
    held.addresses.serve("api", 1, peer(reading_all(10_000_000, got)).port)
    with held.connect() as client:
        client.sendall(b"POST / HTTP/1.1\r\nContent-Length: 9999999\r\n\r\n" + bytes(100_000))
        until(lambda: got and got[0] > 0)
        held.addresses.serve("api", 2, peer(saying("new")).port)
        quiet = held.leaves(1)
        time.sleep(0.1)
        assert not quiet()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    until(quiet)
