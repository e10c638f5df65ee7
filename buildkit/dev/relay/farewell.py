"""How a client of HTTP/2 is brought to the next process: it is told to connect anew.

Its connection belongs to the process that it began with, for the heads of both are packed by what was said before
(RFC 7541). So once that process has left and no stream is open, the client hears GOAWAY (RFC 9113, section 6.8).
"""

from __future__ import annotations

from buildkit.dev.relay.dialogue import Dialogue
from buildkit.dev.relay.side import Side


def says_farewell(dialogue: Dialogue, client: Side) -> bool:
    """Tell a client whose process has left to connect anew, and return whether it was told.

    What it has sent since is not passed on, so it may send all of it again.

    Args:
        dialogue: what has passed on its connection.
        client: its end of it.

    Raises:
        OSError: it is gone.
    """
    streams = dialogue.streams
    if streams is None or not streams.may_end:
        return False
    client.give(streams.farewell())
    return True
