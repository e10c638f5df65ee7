"""The address that is held: what clients see of it while processes come, serve and leave. Real sockets, real bytes."""

from __future__ import annotations

import contextlib
import http.client
import os
import signal
import socket
import threading
import time
from collections.abc import Callable

import psutil
import pytest
from held_address import GET, Held, Peer, later, saying, until
from processes import has_ended

from buildkit.dev.addresses import Address, Addresses
from buildkit.errors import ConfigurationError


def test_what_connects_waits_for_a_process(held: Held, peer: Callable[..., Peer]) -> None:
    served = peer(saying("here"))
    start = time.monotonic()
    later(0.5, lambda: held.addresses.serve("api", 1, served.port))
    assert held.ask().body == b"here"
    assert 0.4 < time.monotonic() - start < 3


def test_a_thousand_wait_and_all_are_served(held: Held, peer: Callable[..., Peer]) -> None:
    served = peer(saying("here"))
    clients = [held.connect() for _ in range(1000)]
    for each in clients:
        each.sendall(GET)
    held.addresses.serve("api", 1, served.port)
    for each in clients:
        with each:
            assert each.recv(4096).endswith(b"here")


def test_a_process_that_does_not_listen_yet_is_asked_again(held: Held) -> None:
    with socket.socket() as late, held.connect() as client:
        late.bind(("127.0.0.1", 0))
        late.settimeout(10)
        held.addresses.serve("api", 1, late.getsockname()[1])
        client.sendall(b"early words")
        time.sleep(0.4)
        late.listen(5)
        with late.accept()[0] as accepted:
            assert accepted.recv(100) == b"early words"


def test_a_process_that_listens_on_the_other_family_alone(held: Held, peer: Callable[..., Peer]) -> None:
    served = peer(saying("six"), "::1")
    held.addresses.serve("api", 1, served.port)
    assert held.ask().body == b"six"


def test_a_connection_that_is_kept_goes_to_the_new_process(held: Held, peer: Callable[..., Peer]) -> None:
    old, new = peer(saying("old")), peer(saying("new"))
    held.addresses.serve("api", 1, old.port)
    client = http.client.HTTPConnection("127.0.0.1", held.port, timeout=10)
    client.request("GET", "/")
    assert client.getresponse().read() == b"old"
    kept = client.sock
    held.addresses.serve("api", 2, new.port)
    until(lambda: _asked(client) == b"new")
    assert client.sock is kept, "by the same connection"
    until(held.leaves(1))
    client.close()


def _asked(client: http.client.HTTPConnection) -> bytes:
    client.request("GET", "/")
    return client.getresponse().read()


def test_a_connection_that_is_kept_waits_where_the_old_process_ends_first(
    held: Held, peer: Callable[..., Peer]
) -> None:
    old, new = peer(saying("old")), peer(saying("new"))
    held.addresses.serve("api", 1, old.port)
    client = http.client.HTTPConnection("127.0.0.1", held.port, timeout=10)
    assert _asked(client) == b"old"
    held.addresses.wait("api")
    time.sleep(0.2)
    later(0.5, lambda: held.addresses.serve("api", 2, new.port))
    assert _asked(client) == b"new"
    client.close()


def test_a_process_is_not_quiet_before_it_has_answered(held: Held, peer: Callable[..., Peer]) -> None:
    asked, go = threading.Event(), threading.Event()

    def slow(connection: socket.socket) -> None:
        connection.recv(65536)
        asked.set()
        go.wait(10)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nslow")
        connection.recv(1)

    old, new = peer(slow), peer(saying("new"))
    held.addresses.serve("api", 1, old.port)
    with held.connect() as client:
        client.sendall(GET)
        assert asked.wait(10)
        held.addresses.serve("api", 2, new.port)
        quiet = held.leaves(1)
        assert held.ask().body == b"new"
        time.sleep(0.7)
        assert not quiet()
        go.set()
        assert client.recv(4096).endswith(b"slow")
        until(quiet)


def test_a_request_that_waited_belongs_to_the_process_that_got_it(held: Held, peer: Callable[..., Peer]) -> None:
    asked, go = threading.Event(), threading.Event()

    def slow(connection: socket.socket) -> None:
        assert connection.recv(65536)
        asked.set()
        go.wait(10)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n" + connection.recv(100)[:4])

    old, new = peer(slow), peer(saying("new"))
    with held.connect() as client:
        client.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\n")
        time.sleep(0.1)
        held.addresses.serve("api", 1, old.port)
        assert asked.wait(10)
        held.addresses.serve("api", 2, new.port)
        quiet = held.leaves(1)
        time.sleep(0.5)
        assert not quiet()
        client.sendall(b"slow")
        go.set()
        assert client.recv(4096).endswith(b"slow")


def test_a_body_after_100_continue_is_no_request(held: Held, peer: Callable[..., Peer]) -> None:
    smuggled = b"GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n"

    def continuing(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        body = connection.recv(65536)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)

    old, new = peer(continuing), peer(saying("new"))
    held.addresses.serve("api", 1, old.port)
    with held.connect() as client:
        client.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 37\r\n\r\n")
        assert b"100 Continue" in client.recv(4096)
        held.addresses.serve("api", 2, new.port)
        quiet = held.leaves(1)
        time.sleep(0.6)
        assert not quiet(), "it waits for the body"
        client.sendall(smuggled)
        assert client.recv(4096).endswith(smuggled)


def test_a_websocket_keeps_its_process(held: Held, peer: Callable[..., Peer]) -> None:
    def upgraded(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n")
        while data := connection.recv(100):
            connection.sendall(b"echo " + data)

    old, new = peer(upgraded), peer(saying("new"))
    held.addresses.serve("api", 1, old.port)
    with held.connect() as client:
        client.sendall(b"GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n")
        assert b"101" in client.recv(4096)
        held.addresses.serve("api", 2, new.port)
        quiet = held.leaves(1)
        time.sleep(0.6)
        client.sendall(b"GET / HTTP/1.1\r\n looks like a request")
        assert client.recv(4096) == b"echo GET / HTTP/1.1\r\n looks like a request"
        assert not quiet()
    until(quiet)


def test_a_websocket_that_was_refused_is_a_request_like_others(held: Held, peer: Callable[..., Peer]) -> None:
    old, new = peer(saying("old")), peer(saying("new"))
    held.addresses.serve("api", 1, old.port)
    with held.connect() as client:
        client.sendall(b"GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n")
        assert client.recv(4096).endswith(b"old")
        held.addresses.serve("api", 2, new.port)
        until(held.leaves(1))
        client.sendall(GET)
        assert client.recv(4096).endswith(b"new")


def test_a_connection_without_a_word_goes_to_the_new_process(held: Held, peer: Callable[..., Peer]) -> None:
    def echo(connection: socket.socket) -> None:
        connection.sendall(b"new " + connection.recv(100))

    old, new = peer(saying("old")), peer(echo)
    held.addresses.serve("api", 1, old.port)
    with held.connect() as client:
        time.sleep(0.1)
        held.addresses.serve("api", 2, new.port)
        time.sleep(0.1)
        client.sendall(b"\x16\x03\x01 no HTTP")
        assert client.recv(100) == b"new \x16\x03\x01 no HTTP"


def test_where_nobody_will_serve_there_is_an_answer_at_once(held: Held) -> None:
    held.addresses.fail("api", "rebuild failed\n  app/a.pyx:3: <oh> & no")
    page = held.ask("text/html,*/*")
    text = page.body.decode()
    assert page.status == 503
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "app/a.pyx:3: &lt;oh&gt; &amp; no" in text
    assert page.headers["X-Buildkit-Dev"] in text
    plain = held.ask("application/json")
    assert (plain.status, plain.headers["Content-Type"]) == (503, "text/plain; charset=utf-8")
    assert plain.body.decode() == "rebuild failed\n  app/a.pyx:3: <oh> & no\n"


def test_a_large_request_gets_the_answer_too(held: Held) -> None:
    held.addresses.fail("api", "no")
    with held.connect() as client:
        client.sendall(b"POST / HTTP/1.1\r\nContent-Length: 5000000\r\n\r\n" + b"x" * 5_000_000)
        assert client.recv(4096).startswith(b"HTTP/1.1 503 ")


def test_another_protocol_is_ended_where_nobody_will_serve(held: Held) -> None:
    held.addresses.fail("api", "no")
    with held.connect() as client:
        client.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
        assert client.recv(100) == b""


def test_who_waits_when_it_fails_is_answered(held: Held) -> None:
    later(0.4, lambda: held.addresses.fail("api", "it failed"))
    assert held.ask().body == b"it failed\n"


def test_nobody_waits_for_longer_than_was_said() -> None:
    held = Held(hold=0.5)
    try:
        start = time.monotonic()
        answer = held.ask()
        assert (answer.status, 0.4 < time.monotonic() - start < 3) == (503, True)
        assert b"has not been for 0.5 seconds" in answer.body
    finally:
        held.addresses.close()


def test_every_byte_arrives_both_ways(held: Held, peer: Callable[..., Peer]) -> None:
    sent = os.urandom(20_000_000)

    def echo(connection: socket.socket) -> None:
        while data := connection.recv(1 << 17):
            connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)

    held.addresses.serve("api", 1, peer(echo).port)
    with held.connect() as client:

        def send() -> None:
            client.sendall(sent)
            client.shutdown(socket.SHUT_WR)

        threading.Thread(target=send, daemon=True).start()
        received = bytearray()
        while data := client.recv(1 << 17):
            received += data
    assert received == sent


def test_who_speaks_first_may_be_the_process(held: Held, peer: Callable[..., Peer]) -> None:
    held.addresses.serve("api", 1, peer(lambda connection: connection.sendall(b"220 ready\r\n")).port)
    with held.connect() as client:
        assert client.recv(100) == b"220 ready\r\n"
        assert client.recv(100) == b""


def test_a_connection_that_breaks_breaks_on_the_other_side(held: Held, peer: Callable[..., Peer]) -> None:
    def breaking(connection: socket.socket) -> None:
        connection.recv(100)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")

    held.addresses.serve("api", 1, peer(breaking).port)
    with held.connect() as client:
        client.sendall(b"words")
        with pytest.raises(ConnectionResetError):
            client.recv(100)


def test_clients_that_reset_at_once_harm_nobody(held: Held, peer: Callable[..., Peer]) -> None:
    held.addresses.serve("api", 1, peer(saying("here")).port)
    relay = relay_of(held.addresses)
    for _ in range(1500):
        with held.connect() as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    assert held.ask().body == b"here"
    assert relay_of(held.addresses) == relay


def relay_of(addresses: Addresses) -> psutil.Process:
    assert addresses._child is not None
    return psutil.Process(addresses._child.pid)


def test_the_address_survives_the_relay(held: Held, peer: Callable[..., Peer]) -> None:
    held.addresses.serve("api", 1, peer(saying("here")).port)
    assert held.ask().body == b"here"
    for _ in range(8):
        relay_of(held.addresses).send_signal(signal.SIGKILL)
        until(lambda: _answers(held))
        for _ in range(5):
            assert held.ask().body == b"here"


def _answers(held: Held) -> bool:
    with contextlib.suppress(OSError, http.client.HTTPException, AssertionError):
        return held.ask().body == b"here"
    return False


def test_nothing_is_left_of_it(held: Held) -> None:
    relay = relay_of(held.addresses)
    held.addresses.close()
    assert has_ended(relay)
    with pytest.raises(ConnectionRefusedError):
        held.connect()


def test_an_address_of_somebody_else_is_refused(held: Held) -> None:
    other = Addresses(1)
    with pytest.raises(ConfigurationError, match=f"dev.port: 127.0.0.1:{held.port} is taken") as refused:
        other.take({"api": Address("127.0.0.1", held.port, "dev.port")})
    assert f"PYBUILDKIT_DEV_PORT={held.port + 1} invoke dev" in str(refused.value.hint)


def test_an_address_that_stays_is_kept_when_others_come(held: Held, peer: Callable[..., Peer]) -> None:
    held.addresses.serve("api", 1, peer(saying("here")).port)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    addresses = {"api": Address("127.0.0.1", held.port, "dev.port"), "more": Address("127.0.0.1", port, "dev.x.port")}
    held.addresses.take(addresses)
    held.addresses.serve("more", 2, peer(saying("there")).port)
    assert held.ask().body == b"here"
    with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
        client.sendall(GET)
        assert client.recv(4096).endswith(b"there")
