"""Ports of this machine that nobody has."""

from __future__ import annotations

import contextlib
import socket

OWN = range(20000, 32000)
"""The ports that the suite takes for what it starts: below what the kernel gives to outgoing connections."""


def free(port: int, host: str = "127.0.0.1") -> int | None:
    """Return the port if nobody has it now; None if somebody does.

    Args:
        port: the port; 0 for any one.
        host: the address at which it is to be free; empty for all of this machine.
    """
    with socket.socket() as probe, contextlib.suppress(OSError):
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((host, port))
        found: int = probe.getsockname()[1]
        return found
    return None
