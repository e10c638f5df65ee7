"""A client that asks every 20 ms, each time on a connection of its own: what it met, and when."""

from __future__ import annotations

import asyncio
import collections
import time
from dataclasses import dataclass, field

EVERY = 0.02
"""Seconds from one request to the next, whether or not that has been answered."""

_PATIENCE = 30


@dataclass
class Met:
    """What a client met.

    Args:
        outcomes: how many requests ended how: `answered`, `refused`, `reset`, `empty` or the status.
        longest: the most seconds that a request took that was answered.
        seen: when each answer was first heard, by its words.
    """

    outcomes: collections.Counter[str] = field(default_factory=collections.Counter)
    longest: float = 0.0
    seen: dict[str, float] = field(default_factory=dict)

    @property
    def failed(self) -> int:
        """The requests that were not answered."""
        return self.outcomes.total() - self.outcomes["answered"]


class Client:
    """Asks for a path on this machine until it is stopped.

    Args:
        port: the port.
        path: what it asks for.
    """

    def __init__(self, port: int, path: str) -> None:
        self._port = port
        self._request = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode()
        self._asking: set[asyncio.Task[None]] = set()
        self._stopped = False
        self.met = Met()

    async def run(self) -> None:
        """Ask until `stop`, then wait for the answers that are missing."""
        due = time.monotonic()
        while not self._stopped:
            task = asyncio.create_task(self.ask())
            self._asking.add(task)
            task.add_done_callback(self._asking.discard)
            due = max(due + EVERY, time.monotonic() - EVERY)
            await asyncio.sleep(due - time.monotonic())
        await asyncio.gather(*self._asking)

    def stop(self) -> None:
        """Ask no more."""
        self._stopped = True

    async def until(self, words: str, seconds: float) -> float | None:
        """Return when an answer with these words was first heard, after waiting for it; None if it did not come."""
        deadline = time.monotonic() + seconds
        while words not in self.met.seen and time.monotonic() < deadline:  # noqa: ASYNC110 - an event for each word is more
            await asyncio.sleep(0.01)
        return self.met.seen.get(words)

    async def ask(self) -> None:
        """Ask once, and note what came."""
        start = time.monotonic()
        outcome, words = await self._answer()
        now = time.monotonic()
        self.met.outcomes[outcome] += 1
        if outcome == "answered":
            self.met.longest = max(self.met.longest, now - start)
            self.met.seen.setdefault(words, now)

    async def _answer(self) -> tuple[str, str]:
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
            try:
                writer.write(self._request)
                found = await asyncio.wait_for(reader.read(), _PATIENCE)
            finally:
                writer.close()
        except ConnectionRefusedError:
            return "refused", ""
        except (OSError, asyncio.TimeoutError) as error:
            return ("reset" if isinstance(error, ConnectionError) else type(error).__name__), ""
        head, _, body = found.partition(b"\r\n\r\n")
        if not head:
            return "empty", ""
        status = head.split(b" ", 2)[1].decode()
        return ("answered" if status == "200" else status), body.decode(errors="replace")
