"""The service that `invoke dev` runs: its command, its environment, and the address that answers once it is ready."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from buildkit.config import Config
from buildkit.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class Service:
    """The service to run.

    Args:
        command: program and arguments.
        folder: its working directory.
        environment: its whole environment.
        ready: the address that answers once it is ready; empty if there is none.
    """

    command: tuple[str, ...]
    folder: Path
    environment: Mapping[str, str]
    ready: str = ""


def service_of(config: Config, environment: Mapping[str, str], database: Mapping[str, str]) -> Service:
    """Return the service to run for a project.

    Args:
        config: the project's settings.
        environment: the variables of `invoke dev`; the service gets them, with `PORT` and others added.
        database: the variable with the URL of the database; empty if there is none.

    Raises:
        ConfigurationError: no command is configured.
    """
    dev = config.dev
    words = shlex.split(dev.command) if isinstance(dev.command, str) else dev.command
    if not words:
        raise ConfigurationError(
            "dev.command: there is nothing to run",
            hint='[tool.buildkit.dev]\ncommand = ["uvicorn", "app.main:app", "--port", "{port}"]',
        )
    port = str(dev.port)
    programs = str(Path(sys.executable).parent)
    added = {
        "PORT": port,
        "UVICORN_PORT": port,
        "PYBUILDKIT_DATA_PATH": str(config.root / config.data.path),
        "PYTHONPATH": os.pathsep.join(filter(None, (str(config.source), environment.get("PYTHONPATH")))),
        "PATH": os.pathsep.join(filter(None, (programs, environment.get("PATH", os.defpath)))),
        "PYTHONUNBUFFERED": "1",
    }
    return Service(
        tuple(word.replace("{port}", port) for word in words),
        config.root,
        {**environment, **added, **database},
        dev.ready.replace("{port}", port),
    )
