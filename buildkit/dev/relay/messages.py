"""What the loop and the relay tell each other: a line of JSON each, a list of a verb, an address's name and the rest.

["front", NAME, DESCRIPTOR, HOLD]   the loop: a socket that listens, seconds that a connection waits
["serve", NAME, GENERATION, PORT]   the loop: this process serves
["wait", NAME]                      the loop: somebody will serve
["fail", NAME, WORDS]               the loop: nobody will serve before the next change
["retire", NAME, GENERATION]        the loop: say when nothing is open with this process any more
["quiet", NAME, GENERATION]         the relay: nothing is
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any


def encode(verb: str, name: str, *rest: object) -> str:
    """Return the line of a message, with its end."""
    return json.dumps([verb, name, *rest]) + "\n"


class Lines:
    """Takes lines of messages together from the pieces in which they arrive."""

    def __init__(self) -> None:
        self._rest = b""

    def taken(self, piece: bytes) -> Iterator[list[Any]]:
        """Yield the messages that are whole with this piece."""
        *lines, self._rest = (self._rest + piece).split(b"\n")
        for line in lines:
            yield json.loads(line)
