"""What a client and one process have said to each other on a connection, and what of it is still under way.

`framing` and `streams` know where messages end. Of what neither of them follows it is known who spoke last, and when.
"""

from __future__ import annotations

import time

from buildkit.dev.relay.framing import Framing
from buildkit.dev.relay.heads import LONGEST, may_begin
from buildkit.dev.relay.streams import Streams

_PAUSE = 0.3
"""Seconds without a byte after which nothing counts as under way, where it is not known what the bytes are."""


class Dialogue:
    """What has passed; it is told every byte, in the order in which they pass."""

    __slots__ = ("_framing", "_last", "_spoke")

    def __init__(self) -> None:
        self._framing = Framing()
        self._spoke = ""  # "client" or "service", who sent the last byte
        self._last = 0.0

    def ask(self, data: memoryview, *, one: bool = False) -> int:
        """Follow bytes of the client; return how many of them.

        Args:
            data: the bytes.
            one: stop where another request begins than the one that is under way.
        """
        self._spoke, self._last = "client", time.monotonic()
        return self._framing.ask(data, one=one)

    def answer(self, data: memoryview) -> None:
        """Follow bytes of the process."""
        self._spoke, self._last = "service", time.monotonic()
        self._framing.answer(data)

    @property
    def has_begun(self) -> bool:
        """Whether anybody has said anything."""
        return bool(self._spoke)

    @property
    def is_switched(self) -> bool:
        """Whether both have agreed to go on in another protocol than HTTP/1."""
        return self._framing.is_switched

    @property
    def streams(self) -> Streams | None:
        """Those of HTTP/2, if the client began with it."""
        return self._framing.streams

    @property
    def may_move(self) -> bool:
        """Whether nothing is under way, so that what the client says next may go to another process."""
        return not (self._framing.is_busy if self._framing.is_followed else self._spoke == "client")

    @property
    def may_pause(self) -> bool:
        """Whether the client expects to say more on this connection, all of whose messages were followed."""
        return self._framing.is_followed and not self._framing.closes

    def is_open(self, now: float) -> bool:
        """Return whether something is under way: an answer that is awaited, a stream, a websocket."""
        if self._framing.streams is not None:
            return self._framing.streams.is_busy or now - self._last < _PAUSE
        if self._framing.is_followed:
            return self._framing.is_busy
        in_turn = self._framing.is_http or self._framing.is_tls
        return (in_turn and self._spoke == "client") or now - self._last < _PAUSE

    def may_begin(self, data: memoryview) -> bool:
        """Return whether another process can take these bytes of the client as the first that it hears."""
        if not self._spoke or self._framing.is_followed:
            return True
        return self._framing.is_http and may_begin(bytes(data[:LONGEST]))
