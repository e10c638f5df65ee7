"""Which streams of a connection of HTTP/2 are open (RFC 9113, sections 3.4, 4.1, 5.1 and 6.8).

The head of each frame is read, nine bytes; of what is in it only the bytes are counted.
"""

from __future__ import annotations

from collections.abc import Iterator

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
"""What a client says first."""

_DATA, _HEADERS, _RESET, _GOAWAY, _CONTINUATION = 0, 1, 3, 7, 9
_END_OF_STREAM, _END_OF_HEADERS = 0x1, 0x4
_HEAD = 9
_NUMBER = 0x7FFFFFFF


class _Frames:
    """The frames of one direction."""

    __slots__ = ("_head", "_left")

    def __init__(self) -> None:
        self._head = b""  # the part of a frame's head that has come
        self._left = 0  # bytes of the frame that are still to come

    @property
    def is_between(self) -> bool:
        """Whether no frame is under way."""
        return not self._head and not self._left

    def take(self, data: memoryview) -> Iterator[tuple[int, int, int]]:
        """Follow further bytes; yield kind, flags and stream of each frame that begins."""
        at, end = 0, len(data)
        while at < end:
            if self._left:
                step = min(self._left, end - at)
                self._left -= step
                at += step
                continue
            piece = bytes(data[at : at + _HEAD - len(self._head)])
            at += len(piece)
            head = self._head + piece
            self._head = head if len(head) < _HEAD else b""
            if not self._head:
                self._left = int.from_bytes(head[:3], "big")
                yield head[3], head[4], int.from_bytes(head[5:], "big") & _NUMBER


class Streams:
    """The streams of one connection, which are the client's; it is told every byte behind the preface."""

    __slots__ = ("_asked", "_last", "_open", "_served", "_speaks", "_unfinished")

    def __init__(self) -> None:
        self._asked, self._served = _Frames(), _Frames()
        self._open: set[int] = set()
        self._last = 0  # the greatest number of a stream
        self._speaks = False  # whether the service has said something
        self._unfinished = 0  # the stream that ends with the head that is under way

    @property
    def is_busy(self) -> bool:
        """Whether an answer is awaited or has not ended."""
        return bool(self._open) or not self._served.is_between

    @property
    def may_end(self) -> bool:
        """Whether the connection may end without a loss, with `farewell` behind what the service has said.

        A client that has asked nothing yet is about to: told that its connection ends, some give up (httpx).
        """
        return self._speaks and self._last > 0 and not self.is_busy

    def farewell(self) -> bytes:
        """Return what tells the client to connect anew for whatever it asked since, none of which was begun."""
        return b"\0\0\x08" + bytes([_GOAWAY, 0]) + bytes(4) + self._last.to_bytes(4, "big") + bytes(4)

    def ask(self, data: memoryview) -> None:
        """Follow bytes of the client."""
        for kind, _flags, stream in self._asked.take(data):
            if kind == _HEADERS and stream > self._last:
                self._last = stream
                self._open.add(stream)
            elif kind == _RESET:
                self._open.discard(stream)

    def answer(self, data: memoryview) -> None:
        """Follow bytes of the service."""
        for kind, flags, stream in self._served.take(data):
            self._speaks = True
            if kind == _RESET or (kind == _DATA and flags & _END_OF_STREAM):
                self._open.discard(stream)
            elif kind == _HEADERS and flags & _END_OF_STREAM:
                self._unfinished = stream
            if kind in {_HEADERS, _CONTINUATION} and flags & _END_OF_HEADERS and self._unfinished == stream:
                self._open.discard(stream)
                self._unfinished = 0
