"""The heartbeat of the locks that this process holds: each is touched every second, so that others see it live."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Iterator

BEAT = 1.0
"""Seconds between two touches of a lock that is held."""


class Heart:
    """One thread that touches all locks of this process, for as long as there are any."""

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._held: set[int] = set()
        self._beats = False

    @contextlib.contextmanager
    def beating(self, descriptor: int) -> Iterator[None]:
        """Touch the open file every second for the time of the block."""
        with self._turn:
            self._held.add(descriptor)
            if not self._beats:
                with contextlib.suppress(RuntimeError):  # no thread is left to this user: then others may overtake
                    threading.Thread(target=self._beat, daemon=True, name="locks").start()
                    self._beats = True
        try:
            yield
        finally:
            with self._turn:
                self._held.discard(descriptor)

    def _beat(self) -> None:
        while True:
            time.sleep(BEAT)
            with self._turn:
                if not self._held:
                    self._beats = False
                    return
                for descriptor in self._held:
                    with contextlib.suppress(OSError):
                        os.utime(descriptor)


HEART = Heart()
"""That of this process."""
