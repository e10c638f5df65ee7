"""A process that serves an address."""

from __future__ import annotations

import errno
import os
import socket
from dataclasses import dataclass


@dataclass(slots=True)
class Target:
    """A process that serves.

    Args:
        generation: its number; each start of a service has a greater one.
        port: where it listens on this machine.
        host: by which address.
    """

    generation: int
    port: int
    host: str = "127.0.0.1"

    def reach(self) -> socket.socket:
        """Return a socket that is connecting to it, which does not block; it can be written to when it is connected.

        Raises:
            OSError: it does not listen, no room for a further descriptor, or no such family here.
        """
        made = socket.socket(socket.AF_INET6 if ":" in self.host else socket.AF_INET, socket.SOCK_STREAM)
        made.setblocking(False)
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        number = made.connect_ex((self.host, self.port))
        if number not in (0, errno.EINPROGRESS):
            made.close()
            raise OSError(number, os.strerror(number))
        return made
