"""The child's line to its supervisor: orders and answers come in on one descriptor, events go out on another."""

from __future__ import annotations

import json
import os
import queue
import threading
from typing import Any, NoReturn


class Channel:
    """JSON, one line a message.

    Args:
        descriptor: where the supervisor writes; the first line are the orders, which name the other descriptor.
    """

    def __init__(self, descriptor: int) -> None:
        self._lines = os.fdopen(descriptor, "rb", closefd=False)
        self.orders: dict[str, Any] = json.loads(self._lines.readline())
        self._events: int = self.orders["events"]
        os.set_inheritable(self._events, False)
        self._answers: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        threading.Thread(target=self._listen, daemon=True).start()

    def tell(self, event: str, **facts: object) -> None:
        """Tell what happens, and go on."""
        os.write(self._events, (json.dumps({"event": event, **facts}) + "\n").encode())

    def ask(self, event: str, **facts: object) -> dict[str, Any]:
        """Tell what is about to happen, and wait for the supervisor's word; where that is no, this process ends."""
        self.tell(event, asks=True, **facts)
        return self._answers.get()

    def _listen(self) -> NoReturn:
        """Take in answers; end at once when the supervisor does, so that the server rolls back what was begun."""
        for line in self._lines:
            self._answers.put(json.loads(line))
        os._exit(1)
