"""What the loop and the relay tell each other: a line of JSON each, a list of a verb, an address and the rest.

An address has a number, which stays whatever the service is called. What starts with "+" has a socket that listens
beside it, as SCM_RIGHTS of unix(7).

+ ["front", ADDRESS, HOLD]             the loop: accept on this socket from now on; seconds that a connection waits
+ ["take", ADDRESS]                    the loop: accept what waits in this socket of a process that has ended
  ["hold", ADDRESS, HOLD]              the loop: seconds that a connection waits from now on
  ["drop", ADDRESS]                    the loop: accept no more; what is open goes on
  ["serve", ADDRESS, GENERATION, PORT] the loop: this process serves
  ["wait", ADDRESS]                    the loop: somebody will serve
  ["fail", ADDRESS, WORDS]             the loop: nobody will serve before the next change
  ["ask", ADDRESS, QUESTION, GENERATION] the loop: say when nothing is open with this process
  ["quiet", ADDRESS, QUESTION]         the relay: nothing was, at some moment since
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any


def encode(verb: str, address: str, *rest: object) -> str:
    """Return the line of a message, with its end."""
    return json.dumps([verb, address, *rest]) + "\n"


class Lines:
    """Takes lines of messages together from the pieces in which they arrive."""

    def __init__(self) -> None:
        self._rest = b""

    def taken(self, piece: bytes) -> Iterator[list[Any]]:
        """Yield the messages that are whole with this piece."""
        *lines, self._rest = (self._rest + piece).split(b"\n")
        for line in lines:
            yield json.loads(line)
