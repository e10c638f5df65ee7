"""Which streams of a connection of HTTP/2 are open, whatever the pieces in which its frames come. Bytes alone."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buildkit.dev.relay.framing import Framing
from buildkit.dev.relay.streams import PREFACE, Streams

DATA, HEADERS, RESET, SETTINGS, PING, CONTINUATION = 0, 1, 3, 4, 6, 9
ENDS, WHOLE = 1, 4


def frame(kind: int, flags: int, stream: int, content: bytes = b"") -> bytes:
    return len(content).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + content


ASKED = PREFACE + frame(SETTINGS, 0, 0) + frame(HEADERS, WHOLE | ENDS, 1, b"get")
SETTLED = frame(SETTINGS, 0, 0) + frame(SETTINGS, 1, 0)
ENDINGS = {
    "a body": frame(HEADERS, WHOLE, 1, b"head") + frame(DATA, ENDS, 1, b"body"),
    "a body that ends with nothing": frame(HEADERS, WHOLE, 1) + frame(DATA, 0, 1, b"body") + frame(DATA, ENDS, 1),
    "a head alone": frame(HEADERS, WHOLE | ENDS, 1, b"head"),
    "a head in two": frame(HEADERS, ENDS, 1, b"he") + frame(CONTINUATION, WHOLE, 1, b"ad"),
    "trailers, as of gRPC": frame(HEADERS, WHOLE, 1) + frame(DATA, 0, 1, b"x") + frame(HEADERS, WHOLE | ENDS, 1, b"0"),
    "early hints": frame(HEADERS, WHOLE, 1, b"103") + frame(HEADERS, WHOLE | ENDS, 1, b"200"),
    "a reset": frame(RESET, 0, 1, b"\0\0\0\2"),
    "what belongs to no answer between": frame(PING, 0, 0, bytes(8)) + frame(DATA, ENDS, 1, bytes(70_000)),
}


@given(st.sampled_from([*ENDINGS.values()]), st.lists(st.integers(1, 99), max_size=6))
def test_the_end_of_an_answer_is_known_and_not_a_byte_before(answered: bytes, cuts: Sequence[int]) -> None:
    framing = Framing()
    at = 0
    for cut in [*cuts, len(ASKED)]:
        framing.ask(memoryview(ASKED)[at : at + cut])
        at += cut
    streams = framing.streams
    assert streams is not None
    assert streams.is_busy
    assert not framing.is_followed, "it is not followed as HTTP/1"
    answer, at = SETTLED + answered, 0
    for cut in [*cuts, len(answer)]:
        framing.answer(memoryview(answer)[at : min(at + cut, len(answer) - 1)])
        at += cut
        assert streams.is_busy
    framing.answer(memoryview(answer)[-1:])
    assert not streams.is_busy
    assert streams.may_end


def test_each_stream_counts() -> None:
    streams = Streams()
    assert not streams.may_end, "the service has its settings to say first"
    streams.answer(memoryview(SETTLED))
    assert not streams.may_end, "the client has connected in order to ask"
    streams.ask(memoryview(frame(HEADERS, WHOLE | ENDS, 1) + frame(HEADERS, WHOLE, 3) + frame(DATA, ENDS, 3, b"x")))
    streams.answer(memoryview(frame(DATA, ENDS, 1)))
    assert streams.is_busy
    streams.ask(memoryview(frame(RESET, 0, 3, bytes(4))))
    assert not streams.is_busy
    assert streams.may_end
    assert streams.farewell() == frame(7, 0, 0, b"\0\0\0\3\0\0\0\0"), "the last one that was begun is the third"


@pytest.mark.parametrize("words", [b"PRI * HTTP/1.1\r\n\r\n", b"PROPFIND / HTTP/1.1\r\n\r\n", b"P"])
def test_another_beginning_is_none_of_it(words: bytes) -> None:
    framing = Framing()
    framing.ask(memoryview(words))
    assert framing.streams is None
    assert framing.is_followed


@pytest.mark.parametrize("pieces", [[b"\x16\x03\x01\x02\0"], [b"\x16", b"\x03\x01"], [b"\x16", b"\x03", b"\x01"]])
def test_a_handshake_of_tls_is_known_whatever_the_pieces_in_which_it_comes(pieces: list[bytes]) -> None:
    framing = Framing()
    for piece in pieces:
        framing.ask(memoryview(piece))
    assert framing.is_tls
    assert not framing.is_followed
