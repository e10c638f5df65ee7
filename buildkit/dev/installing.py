"""What installs the dependencies that a project's lock file or metadata names, into the environment that runs."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from buildkit.dependencies import lockfile

_BY = {
    "uv.lock": ("uv", "sync", "--inexact"),  # what is not in the lock stays: the suite itself, say
    "poetry.lock": ("poetry", "install"),
    "pdm.lock": ("pdm", "sync"),
}
_PIP = (sys.executable, "-m", "pip", "install")


def command_of(root: Path) -> tuple[str, ...]:
    """Return what installs the dependencies of a project.

    Args:
        root: its folder.
    """
    lock = next((place.name for place in lockfile.found(root, root)), "")
    if lock in _BY:
        return _BY[lock]
    return (*_PIP, "-r", lock) if lock else (*_PIP, "-e", ".")


def is_there(command: tuple[str, ...]) -> bool:
    """Return whether the program of a command is installed."""
    return shutil.which(command[0]) is not None


def variables(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment for it: what it installs goes where this process runs."""
    return {
        **environment,
        "VIRTUAL_ENV": sys.prefix,
        "UV_PROJECT_ENVIRONMENT": sys.prefix,
        "PDM_IGNORE_SAVED_PYTHON": "1",
    }
