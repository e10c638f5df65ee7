"""Opens the sockets that listen where the services are reached."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator, Sequence

from buildkit.errors import ConfigurationError

_BACKLOG = 4096


def listen(host: str, port: int, setting: str, beside: Sequence[socket.socket] = ()) -> socket.socket:
    """Return a socket that listens.

    Args:
        host: on which address.
        port: where.
        setting: the setting that names the port.
        beside: sockets of ours that listen on the same port of another host, and that it is to take the place of.

    Raises:
        ConfigurationError: the address is somebody else's.
    """
    kind = socket.AF_INET6 if ":" in host else socket.AF_INET
    made = socket.socket(kind, socket.SOCK_STREAM)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # those that are accepted have it from here
        if kind == socket.AF_INET6:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        with _sharing([made, *beside] if beside else []):
            made.bind((host, port))
            made.listen(_BACKLOG)
    except OSError as error:
        made.close()
        other = f"{_variable(setting)}={port % 65535 + 1} invoke dev"
        raise ConfigurationError(
            f"{setting}: {host}:{port} is taken: {error.strerror}",
            hint=f"end the process that listens there, or choose another port: {other}",
        ) from None
    return made


@contextlib.contextmanager
def _sharing(sockets: Sequence[socket.socket]) -> Iterator[None]:
    """Let these sockets share a port for the time of the block: the old one listens until the new one does."""
    for each in sockets:
        each.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    try:
        yield
    finally:
        for each in sockets:
            each.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 0)


def _variable(setting: str) -> str:
    return f"PYBUILDKIT_{setting}".replace(".", "_").replace("-", "_").upper()
