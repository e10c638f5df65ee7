"""What a connection asks of the address that it came to; `front` is one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from buildkit.dev.relay.target import Target

if TYPE_CHECKING:
    from buildkit.dev.relay.connection import Connection


class Address(Protocol):
    """The part of `Front` that a connection uses."""

    @property
    def target(self) -> Target | None:
        """The process that serves; None if there is none."""

    def place(self, connection: Connection) -> None:
        """Pass a connection on, or hold it where nobody serves."""

    def refused(self, connection: Connection, by: Target | None) -> None:
        """Hold a connection that a process did not take."""

    def accepted(self, by: Target | None) -> None:
        """Note that a process takes connections."""

    def forget(self, connection: Connection) -> None:
        """Forget a connection that has ended."""
