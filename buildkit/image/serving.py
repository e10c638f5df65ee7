"""The last lines of an image's Dockerfile: its port, its health check, and the command of the service."""

from __future__ import annotations

from collections.abc import Iterable

from buildkit.image import staging

_HEALTH = "--interval=5s --timeout=5s --start-period=300s --retries=3"
"""The start period covers a migration and small data; a success inside it counts at once."""


def last_lines(command: Iterable[str], port: int, health: str) -> list[str]:
    """Return the instructions for port, health check and command.

    Args:
        command: program and arguments of the service.
        port: the port on which it listens.
        health: the path that the health check requests; empty for a service without one.
    """
    ask = ["python", "-m", "buildkit.runtime", "--health", f"http://127.0.0.1:{port}{health}"]
    healthy = f"HEALTHCHECK {_HEALTH} {staging.instruction('CMD', ask)}"
    served = [f"EXPOSE {port}", healthy] if health else []
    return [*served, staging.instruction("CMD", command)]
