"""The last lines of an image's Dockerfile: its port, its health check, and the command of the service."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from buildkit.image import staging

_HEALTH = "--interval=5s --timeout=5s --start-period=300s --retries=3"
"""The start period covers a migration and small data; a success inside it counts at once."""

_SPECIAL = re.compile(r'[\\"$]')
_ESCAPED = r"\\\g<0>"
"""What means something between quotes in a Dockerfile, and how it is written to mean itself."""


def variables(environment: Mapping[str, object]) -> list[str]:
    """Return the instructions for the service's variables; their values are taken as they are, `$` and quotes too."""
    return [f'ENV {name}="{_SPECIAL.sub(_ESCAPED, str(value))}"' for name, value in sorted(environment.items())]


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
