"""The version of the service that an image carries: of pyproject.toml, or where that leaves it open, of its backend."""

from __future__ import annotations

from collections.abc import Mapping

from buildkit.config import Config
from buildkit.dependencies import backend
from buildkit.image import checkout
from buildkit.image.requirements import read_project

UNKNOWN = "0"
"""What the metadata in an image says where nobody knows the version; an installer wants one."""


def version_of(config: Config, environment: Mapping[str, str], *, keep: bool = True) -> str:
    """Return the version of the service; `UNKNOWN` where neither pyproject.toml nor its build backend says one.

    Args:
        config: the project.
        environment: what a build backend that is asked gets.
        keep: remember its answer; a dry run writes nothing.
    """
    project = read_project(config.service_folder)
    if "version" in project:
        return str(project["version"])
    if "version" not in project.get("dynamic", ()):
        return UNKNOWN
    seen = checkout.read(config.root, environment)
    memory = config.work / "version.json"
    found = backend.version(config.service_folder, memory, environment, f"{seen.commit} {seen.dirty}", keep=keep)
    return found or UNKNOWN


def said_of_version(config: Config, version: str) -> list[str]:
    """Return what is to be said where the version that is left to the build backend is not known."""
    project = read_project(config.service_folder)
    if version != UNKNOWN or "version" not in project.get("dynamic", ()):
        return []
    why = "the build backend does not say the version, so the metadata in the image says 0"
    return [f'dynamic = ["version"]: {why}; ask it by hand: python -m build --wheel']
