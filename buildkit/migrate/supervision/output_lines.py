"""Reads lines from several descriptors of a child process, calling a heartbeat in between."""

from __future__ import annotations

import os
import selectors
import time
from collections.abc import Callable, Iterator, Mapping

from buildkit.doors.communication import LINGER

_HEARTBEAT = 0.5
_PART = 1 << 16
_LONGEST = 1 << 16
"""Bytes that are kept of an output line; a line with an event is kept unabridged."""


def lines(
    sources: Mapping[int, str], beat: Callable[[], None], ended: Callable[[], bool], *, whole: str = "events"
) -> Iterator[tuple[str, str]]:
    """Yield the lines of all sources as they come, until all are closed; calls `beat` twice a second.

    A process that the child leaves behind holds its output open: once the child has ended, its output is read for a
    moment longer, and its end is not waited for.

    Args:
        sources: a name for each descriptor.
        beat: called twice a second; if it raises, reading ends.
        ended: whether the child has ended.
        whole: the source whose lines are kept unabridged; those of the others are cut at 64 kB.
    """
    rest = {each: _Rest(None if name == whole else _LONGEST) for each, name in sources.items()}
    next_beat = time.monotonic() + _HEARTBEAT
    until: float | None = None
    with selectors.DefaultSelector() as selector:
        for each in sources:
            selector.register(each, selectors.EVENT_READ)
        while selector.get_map() and (until is None or time.monotonic() < until):
            for key, _ in selector.select(max(0.0, next_beat - time.monotonic())):
                chunk = os.read(key.fd, _PART)
                if not chunk:
                    selector.unregister(key.fd)
                yield from ((sources[key.fd], line) for line in rest[key.fd].split(chunk))
            if time.monotonic() >= next_beat:
                beat()
                next_beat = time.monotonic() + _HEARTBEAT
                if until is None and ended():
                    until = time.monotonic() + LINGER
    yield from ((sources[each], line) for each in sources for line in rest[each].split(b""))


class _Rest:
    """The unfinished line of one source.

    Args:
        longest: the bytes of it to keep; None for all.
    """

    def __init__(self, longest: int | None) -> None:
        self._longest = longest
        self._parts: list[bytes] = []
        self._kept = 0

    def split(self, chunk: bytes) -> Iterator[str]:
        """Yield the lines that end in `chunk`; if it is empty, the rest is a line as well."""
        *ending, last = chunk.split(b"\n")
        for part in ending:
            self._keep(part)
            yield self._take()
        self._keep(last)
        if not chunk and self._kept:
            yield self._take()

    def _keep(self, part: bytes) -> None:
        part = part if self._longest is None else part[: self._longest - self._kept]
        self._parts.append(part)
        self._kept += len(part)

    def _take(self) -> str:
        line = b"".join(self._parts).decode(errors="replace")
        self._parts, self._kept = [], 0
        return line
