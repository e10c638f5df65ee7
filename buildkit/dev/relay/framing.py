"""Where the messages of a connection of HTTP/1 end, both ways (RFC 9112, sections 6 and 7).

Heads are read, and the lines between chunks; of a body only its bytes are counted. What is not understood is not
followed any further: from there on the connection is bytes.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable
from enum import Enum, auto

from buildkit.dev.relay.heads import (
    IN_CHUNKS,
    LONGEST,
    TO_THE_END,
    NotUnderstood,
    Request,
    Response,
    may_answer,
    may_begin,
)
from buildkit.dev.relay.streams import PREFACE, Streams

_LINE = 4096
"""Bytes of a line between chunks."""

_HANDSHAKE = b"\x16\x03"
"""How the first record of TLS begins (RFC 8446, section 5.1)."""

_END = re.compile(rb"\n\r?\n")
_SIZE = re.compile(rb"([0-9a-fA-F]{1,15})[ \t]*(?:;[^\n]*)?\r?\n")


class _At(Enum):
    """What comes next."""

    HEAD = auto()
    BODY = auto()
    SIZE = auto()
    CHUNK = auto()
    TRAILER = auto()
    END_OF_CONNECTION = auto()
    ANSWER = auto()
    """What the other side answers decides what comes next."""


_BODIES = {IN_CHUNKS: _At.SIZE, TO_THE_END: _At.END_OF_CONNECTION}


class _Way:
    """The messages of one direction.

    Args:
        begin: called with each head; returns the bytes of its body, `IN_CHUNKS` or `TO_THE_END`.
        end: called at the end of each message; returns what comes next.
        may_begin: returns whether a head may begin so.
    """

    __slots__ = ("_at", "_begin", "_end", "_left", "_may_begin", "_text", "awaits_body")

    def __init__(
        self, begin: Callable[[bytes], int], end: Callable[[], _At], may_begin: Callable[[bytes], bool]
    ) -> None:
        self._begin = begin
        self._end = end
        self._may_begin = may_begin
        self._at = _At.HEAD
        self._left = 0  # bytes of the body or chunk
        self._text = b""  # the part of a head or a line that has come
        self.awaits_body = False
        """Whether the head of a message has come, and nothing of its body."""

    @property
    def is_between(self) -> bool:
        """Whether no message is under way."""
        return self._at is _At.HEAD and not self._text

    @property
    def is_in_head(self) -> bool:
        """Whether a head has begun, and not ended."""
        return self._at is _At.HEAD and bool(self._text) and self._may_begin(self._text)

    def take(self, data: memoryview, *, one: bool = False) -> int:
        """Follow further bytes; return how many.

        Args:
            data: all of them.
            one: stop at the end of the message that is under way.
        """
        at, end = 0, len(data)
        while at < end and not (one and self.is_between):
            self.awaits_body = False
            if self._at in {_At.BODY, _At.CHUNK}:
                step = min(self._left, end - at)
                at += step
                self._left -= step
                if not self._left:
                    self._at = _At.SIZE if self._at is _At.CHUNK else self._end()
            elif self._at is _At.END_OF_CONNECTION:
                return end
            elif self._at is _At.HEAD:
                at = self._take_head(data, at)
            elif self._at is _At.SIZE and not self._text and (found := _SIZE.match(data, at, at + _LINE)):
                at = found.end()
                self._take_size(found[1])
            elif self._at is _At.ANSWER:
                self._text += bytes(data[at : at + LONGEST])
                if len(self._text) >= LONGEST:
                    raise NotUnderstood
                return end
            else:
                at = self._take_line(data, at)
        return at

    def go_on(self) -> None:
        """Follow what has come before it was known what it is: it is a further message."""
        if self._at is _At.ANSWER:
            kept, self._text, self._at = self._text, b"", _At.HEAD
            self.take(memoryview(kept))

    def _take_head(self, data: memoryview, at: int) -> int:
        while not self._text and at < len(data) and data[at] in b"\r\n":
            at += 1
        if at == len(data):
            return at
        piece = bytes(data[at : at + LONGEST])
        text = self._text + piece
        found = _END.search(text, max(0, len(self._text) - 2))
        if found is None:
            self._text = text
            if len(text) >= LONGEST or not self._may_begin(text):
                raise NotUnderstood
            return len(data)
        at += found.end() - len(self._text)
        self._text = b""
        body = self._begin(text[: found.end()])
        self._left = max(0, body)
        self._at = _BODIES[body] if body < 0 else _At.BODY if body else self._end()
        self.awaits_body = self._at in {_At.BODY, _At.SIZE}
        return at

    def _take_line(self, data: memoryview, at: int) -> int:
        piece = bytes(data[at : at + _LINE])
        length = piece.find(b"\n") + 1
        line = self._text + (piece[:length] if length else piece)
        if len(line) > _LINE:
            raise NotUnderstood
        self._text = b"" if length else line
        if not length:
            return at + len(piece)
        if self._at is _At.SIZE:
            size = _SIZE.fullmatch(line)
            if size is None:
                raise NotUnderstood
            self._take_size(size[1])
        elif not line.strip():
            self._at = self._end()
        return at + length

    def _take_size(self, digits: bytes) -> None:
        size = int(digits, 16)
        self._left = size + 2  # with the end of line behind it
        self._at = _At.CHUNK if size else _At.TRAILER


class Framing:
    """Where the messages of one connection end.

    It is told every byte that passes, in the order in which they pass.
    """

    __slots__ = (
        "_asked",
        "_is_final",
        "_opening",
        "_requests",
        "_responses",
        "closes",
        "is_followed",
        "is_http",
        "is_switched",
        "is_tls",
        "streams",
    )

    def __init__(self) -> None:
        self.is_followed = True
        """Whether all that came was understood."""
        self.is_http = False
        """Whether a request of HTTP/1 has come."""
        self.is_switched = False
        """Whether both sides have agreed to go on in another protocol."""
        self.closes = False
        """Whether one of both has said that the connection ends behind the present answer."""
        self.is_tls = False
        """Whether the client began with a handshake of TLS."""
        self.streams: Streams | None = None
        """Those of HTTP/2, if the client began with it; it is not followed as HTTP/1 then."""
        self._opening: bytes | None = b""  # the client's first bytes, while they may become one of both
        self._asked: deque[Request] = deque()
        self._is_final = False  # whether the answer under way is the last one to its request
        self._requests = _Way(self._begin_request, self._end_request, may_begin)
        self._responses = _Way(self._begin_response, self._end_response, may_answer)

    @property
    def is_busy(self) -> bool:
        """Whether something is under way: a request, an answer that is awaited or has not ended, another protocol."""
        between = self._requests.is_between and self._responses.is_between
        return self.is_switched or bool(self._asked) or not between

    def ask(self, data: memoryview, *, one: bool = False) -> int:
        """Follow bytes of the client; return how many of them.

        Args:
            data: the bytes.
            one: stop where another request begins than the one that is under way.
        """
        if self.streams is not None:
            self.streams.ask(data)
        elif self._opening is not None:
            self._look(data)
        if not self.is_followed or self.is_switched:
            return len(data)
        try:
            return self._requests.take(data, one=one)
        except NotUnderstood:
            self.is_followed = False
            self.is_http = self.is_http or self._requests.is_in_head  # one that is too long to be read
            return len(data)

    def answer(self, data: memoryview) -> None:
        """Follow bytes of the service."""
        if self.streams is not None:
            self.streams.answer(data)
        elif self.is_followed and not self.is_switched:
            try:
                self._responses.take(data)
            except NotUnderstood:
                self.is_followed = False

    def _look(self, data: memoryview) -> None:
        """See whether the client begins with HTTP/2 or TLS."""
        part = bytes(data[: len(PREFACE) - len(self._opening or b"")])
        opening = (self._opening or b"") + part
        may_become = any(each.startswith(opening) and opening != each for each in (PREFACE, _HANDSHAKE))
        self._opening = opening if may_become else None
        self.is_tls = opening.startswith(_HANDSHAKE)
        if opening == PREFACE:
            self.streams, self.is_followed = Streams(), False
            self.streams.ask(data[len(part) :])

    def _begin_request(self, head: bytes) -> int:
        request = Request.read(head)
        self.is_http, self.closes = True, request.closes
        self._asked.append(request)
        return request.body

    def _end_request(self) -> _At:
        return _At.ANSWER if self._asked and self._asked[-1].switches else _At.HEAD

    def _begin_response(self, head: bytes) -> int:
        asked = self._asked[0] if self._asked else None
        response = Response.read(head, asked.method if asked else b"")
        self._is_final, self.is_switched = response.is_final, response.switched
        if asked is not None and response.is_final and not response.switched:
            if asked.expects and len(self._asked) == 1 and self._requests.awaits_body:
                raise NotUnderstood  # whether the client sends it now is its own decision
            if asked.switches:
                self._requests.go_on()
        self.closes = self.closes or response.closes
        return response.body

    def _end_response(self) -> _At:
        if self._is_final and self._asked:
            self._asked.popleft()
        return _At.HEAD
