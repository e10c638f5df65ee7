"""Where the messages of a connection end, whatever the pieces in which they come. Bytes alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buildkit.dev.relay.framing import Framing

GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
HEAD = b"HEAD / HTTP/1.1\r\nHost: x\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: x\r\ncontent-length: 5\r\n\r\nwords"
EXPECTS = b"POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n"
UPGRADE = b"GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
CONNECT = b"CONNECT there:443 HTTP/1.1\r\nHost: there\r\n\r\n"
CHUNKED = (
    b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nwords\r\nb;x=1\r\n and others\r\n0\r\nSum: 3\r\n\r\n"
)

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
STREAM = b"HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, Chunked\r\n\r\n"
TO_THE_END = b"HTTP/1.1 200 OK\r\n\r\nall that comes"
SWITCHING = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n"


def passed(*steps: tuple[str, bytes]) -> Framing:
    """Return what follows a connection on which these bytes have passed: of the `client`, or of the `service`."""
    framing = Framing()
    for who, words in steps:
        view = memoryview(words)
        if who == "client":
            assert framing.ask(view) == len(words)
        else:
            framing.answer(view)
    return framing


def client(words: bytes) -> tuple[str, bytes]:
    return "client", words


def service(words: bytes) -> tuple[str, bytes]:
    return "service", words


EXCHANGES = {
    "no body": (GET, OK),
    "a body": (POST, OK),
    "a body in chunks": (CHUNKED, OK),
    "an answer to HEAD has the length of another": (HEAD, b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n"),
    "none to come": (GET, b"HTTP/1.1 204 No Content\r\n\r\n"),
    "not modified": (GET, b"HTTP/1.1 304 Not Modified\r\nContent-Length: 500\r\n\r\n"),
    "an answer in chunks": (GET, STREAM + b"2\r\nok\r\n000A ; a=b\r\n0123456789\r\n0\r\nSum: 1\r\n\r\n"),
    "chunks and a length": (
        GET,
        b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n.\r\n0\r\n\r\n",
    ),
    "early hints": (GET, b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n" + OK),
    "a websocket that was refused": (UPGRADE, OK),
    "a tunnel that was refused": (CONNECT, b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"),
    "two at once": (GET + POST, OK + OK),
    "HTTP/1.0 that is kept": (
        b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
        b"HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 2\r\n\r\nok",
    ),
    "ends of lines alone": (b"GET / HTTP/1.1\nHost: x\n\n", b"HTTP/1.1 200\nContent-Length: 2\n\nok"),
    "an empty line before": (b"\r\n" + GET, OK),
    "a method of its own": (b"VERSION-CONTROL /a HTTP/1.1\r\n\r\n", OK),
}


@pytest.mark.parametrize(("asked", "answered"), EXCHANGES.values(), ids=EXCHANGES.keys())
def test_the_end_of_an_answer_is_known_and_not_a_byte_before(asked: bytes, answered: bytes) -> None:
    framing = passed(client(asked), service(answered[:-1]))
    assert framing.is_busy
    framing.answer(memoryview(answered[-1:]))
    assert framing.is_followed
    assert not framing.is_busy
    assert not framing.closes


def pieces(words: bytes, cuts: Sequence[int]) -> Iterator[memoryview]:
    places = sorted({0, len(words), *(cut % len(words) for cut in cuts)})
    for first, last in pairwise(places):
        yield memoryview(words)[first:last]


@given(st.lists(st.sampled_from([*EXCHANGES.values()]), min_size=1, max_size=4), st.lists(st.integers(0, 999)))
def test_the_pieces_in_which_it_comes_do_not_matter(
    exchanges: Sequence[tuple[bytes, bytes]], cuts: Sequence[int]
) -> None:
    framing = Framing()
    for asked, answered in exchanges:
        for piece in pieces(asked, cuts):
            framing.ask(piece)
            assert framing.is_busy or not bytes(piece).strip()
        for piece in pieces(answered, cuts):
            assert framing.is_busy
            framing.answer(piece)
        assert framing.is_followed
        assert not framing.is_busy


def test_all_that_was_asked_at_once_has_to_be_answered() -> None:
    framing = passed(client(GET + HEAD + GET), service(OK))
    assert framing.is_busy
    framing.answer(memoryview(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"))
    assert framing.is_busy
    framing.answer(memoryview(OK))
    assert not framing.is_busy


def test_an_interim_answer_is_none() -> None:
    framing = passed(client(EXPECTS), service(CONTINUE))
    assert framing.is_busy
    framing.ask(memoryview(b"words"))
    framing.answer(memoryview(OK))
    assert framing.is_followed
    assert not framing.is_busy


def test_a_body_that_was_not_asked_for_is_followed_no_further() -> None:
    framing = passed(client(EXPECTS), service(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n"))
    assert not framing.is_followed


@pytest.mark.parametrize(
    ("asked", "answered"), [(UPGRADE, SWITCHING), (CONNECT, b"HTTP/1.1 200 Connected\r\nContent-Length: 0\r\n\r\n")]
)
def test_another_protocol_has_no_end(asked: bytes, answered: bytes) -> None:
    framing = passed(client(asked), client(b"early"), service(answered + OK), client(GET), service(OK))
    assert framing.is_switched
    assert framing.is_busy


def test_what_follows_a_refused_upgrade_is_a_request() -> None:
    framing = passed(client(UPGRADE + GET), service(OK))
    assert framing.is_busy
    framing.answer(memoryview(OK))
    assert not framing.is_busy


def test_an_answer_without_a_length_ends_with_the_connection() -> None:
    framing = passed(client(GET), service(TO_THE_END), service(OK))
    assert framing.is_busy


@pytest.mark.parametrize(
    ("asked", "answered"),
    [
        (b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n", OK),
        (b"GET / HTTP/1.0\r\n\r\n", OK),
        (GET, OK.replace(b"\r\n", b"\r\nConnection: x, Close\r\n", 1)),
        (GET, OK.replace(b"HTTP/1.1", b"HTTP/1.0")),
    ],
)
def test_the_last_answer_of_a_connection_says_so(asked: bytes, answered: bytes) -> None:
    assert passed(client(asked), service(answered)).closes


@pytest.mark.parametrize(
    "words",
    [
        b"\x16\x03\x01\x02",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"EHLO here\r\n",
        b"GET / HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
        b"GET / HTTP/1.1\r\nContent-Length: +5\r\n\r\n",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nno size\r\n",
        b"GET / HTTP/1.1\r\nX: " + b"x" * 70_000,
    ],
)
def test_what_is_not_understood_is_followed_no_further(words: bytes) -> None:
    framing = passed(client(words))
    assert not framing.is_followed
    assert passed(client(words), service(OK), client(words)).is_followed is False


def test_an_answer_that_is_not_understood_is_followed_no_further() -> None:
    assert not passed(client(GET), service(b"HTTP/2 200\r\n\r\n")).is_followed
    assert not passed(service(b"220 ready\r\n")).is_followed


def test_where_the_next_request_begins() -> None:
    framing = passed(client(POST[:-2]))
    assert framing.ask(memoryview(POST[-2:] + GET), one=True) == 2
    assert framing.ask(memoryview(GET), one=True) == 0
    framing.answer(memoryview(OK))
    assert not framing.is_busy


def test_the_head_that_is_under_way_is_no_further_request() -> None:
    framing = passed(client(GET[:9]))
    assert framing.ask(memoryview(GET[9:] + GET), one=True) == len(GET) - 9


def test_a_long_body_is_counted_piece_by_piece() -> None:
    body = memoryview(bytes(1 << 18))
    framing = passed(client(GET), service(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (len(body) * 40)))
    for _ in range(40):
        assert framing.is_busy
        framing.answer(body)
    assert not framing.is_busy


LONG = b"GET / HTTP/1.1\r\nHost: x\r\n" + b"X: " + b"v" * 70_000 + b"\r\n\r\n"


@pytest.mark.parametrize("pieces", [[LONG], [LONG[:30_000], LONG[30_000:69_000], LONG[69_000:]]])
def test_a_head_too_long_to_be_read_is_one_of_http(pieces: list[bytes]) -> None:
    framing = passed(*map(client, pieces))
    assert framing.is_http
    assert not framing.is_followed


def test_bytes_as_many_as_a_long_head_are_not_http() -> None:
    framing = passed(client(b"\x16\x03\x01" + b"v" * 70_000))
    assert not framing.is_http
    assert not framing.is_followed
