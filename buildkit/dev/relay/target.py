"""A process that serves an address."""

from __future__ import annotations

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
