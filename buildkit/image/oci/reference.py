"""Where the base of an image comes from: a registry, or a folder with an OCI layout."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from buildkit.core.untrusted import Odd
from buildkit.errors import ConfigurationError
from buildkit.registry.reference import Reference, parse

_LAYOUT = "oci:"
_DOCKER_HUB = "registry-1.docker.io"
_OFFICIAL = "library"
_HOST = re.compile(r"localhost|[\w-]+(\.[\w-]+)+|[\w.-]+:\d+")


@dataclass(frozen=True, slots=True)
class InLayout:
    """An image in a folder.

    Args:
        folder: the folder with the layout.
        name: the image's name there; the only one if empty.
    """

    folder: Path
    name: str

    def __str__(self) -> str:
        return f"oci:{self.folder}{f':{self.name}' if self.name else ''}"


def base_of(text: str, root: Path, setting: str) -> Reference | InLayout:
    """Return where a base is.

    Args:
        text: `python:3.13-slim`, `registry.example/team/base:1`, or `oci:FOLDER` with `:NAME` behind it if the layout
            has several images.
        root: the folder that a relative one counts from.
        setting: the setting that has the text, for messages.

    Raises:
        ConfigurationError: it is none of these.
    """
    if text.startswith(_LAYOUT):
        folder, _, name = text.removeprefix(_LAYOUT).partition(":")
        return InLayout(root / Path(folder).expanduser(), name)
    try:
        return parse(with_registry(text))
    except Odd as odd:
        raise ConfigurationError(
            f"{setting}: {odd}", hint='the name of an image such as "python:3.12-slim", or "oci:FOLDER"'
        ) from None


def with_registry(name: str) -> str:
    """Return the name of an image with its registry, where it has none that of Docker."""
    first, slash, rest = name.partition("/")
    if slash and _HOST.fullmatch(first):
        return f"{_DOCKER_HUB}/{rest}" if first in {"docker.io", "index.docker.io"} else name
    return f"{_DOCKER_HUB}/{name}" if slash else f"{_DOCKER_HUB}/{_OFFICIAL}/{name}"
