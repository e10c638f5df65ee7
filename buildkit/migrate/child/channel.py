"""The child's channel to its supervisor: orders and answers come in on one descriptor, events go out on another."""

from __future__ import annotations

import json
import os
import queue
import threading
from typing import Any, NoReturn


class Channel:
    """Messages as JSON, one a line.

    Args:
        descriptor: the descriptor that the supervisor writes to; the first line holds the orders, which name the other
            one.
    """

    def __init__(self, descriptor: int) -> None:
        self._lines = os.fdopen(descriptor, "rb", closefd=False)
        self.orders: dict[str, Any] = json.loads(self._lines.readline())
        self._events: int = self.orders["events"]
        os.set_inheritable(self._events, False)
        self._answers: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        threading.Thread(target=self._listen, daemon=True).start()

    def tell(self, event: str, **facts: object) -> None:
        """Send an event to the supervisor without waiting."""
        os.write(self._events, (json.dumps({"event": event, **facts}) + "\n").encode())

    def ask(self, event: str, **facts: object) -> dict[str, Any]:
        """Send an event to the supervisor and return its answer; if it refuses, this process ends."""
        self.tell(event, asks=True, **facts)
        return self._answers.get()

    def _listen(self) -> NoReturn:
        """Receive answers; end this process at once when the supervisor ends, so that the server rolls back."""
        for line in self._lines:
            self._answers.put(json.loads(line))
        os._exit(1)
