"""A project's own Dockerfile of an image, as the settings name it."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path

from buildkit.config import Config, ImageConfig
from buildkit.doors import reading
from buildkit.errors import ConfigurationError
from buildkit.image import dockerfile, own
from buildkit.image.dockerfile import Dockerfile
from buildkit.image.sources import Source, sources

_USUAL = "Dockerfile"
_OF_SUITE = ("command", "environment", "system_packages", "build_packages", "assets", "slim")
"""Settings that only the suite's Dockerfile follows."""
_OF_FILES = ("include", "lock", "extras", "groups")
"""Settings that what the suite hands in follows."""


@dataclass(frozen=True, slots=True)
class OwnFile:
    """A Dockerfile of the project.

    Args:
        place: the file.
        content: its bytes.
        parsed: what they say.
        given: the build arguments of its build.
        target: the stage that is built; the last one if empty.
    """

    place: Path
    content: bytes
    parsed: Dockerfile
    given: Mapping[str, str]
    target: str = ""

    @property
    def takes_suite(self) -> bool:
        """Whether it takes files of the suite."""
        return own.takes_suite(self.parsed, self.given, self.target)

    @property
    def images(self) -> tuple[str, ...]:
        """The images that it is built from, as far as their names are known."""
        return own.images(self.parsed, self.given, self.target)

    @property
    def sources(self) -> list[Source]:
        """What it takes of the context."""
        return sources(self.parsed, self.given, self.target)


def own_of(config: Config, name: str) -> OwnFile | None:
    """Return the project's own Dockerfile of one image; None where that is the suite's.

    Raises:
        ConfigurationError: it is not there, or has no stage of the name that is set.
    """
    settings = config.image[name]
    place = file_of(config, f"image.{name}.dockerfile", settings.dockerfile)
    if place is None:
        if settings.target:
            raise ConfigurationError(
                f"image.{name}.target: the suite's Dockerfile has no stages to choose from",
                hint="it counts for a Dockerfile of your own: dockerfile",
            )
        return None
    content = reading.read(place)
    parsed = dockerfile.read(content.decode("utf-8", "surrogateescape"))
    if settings.target and parsed.stage(settings.target) is None:
        names = ", ".join(stage.name for stage in parsed.stages if stage.name)
        raise ConfigurationError(
            f"image.{name}.target: {settings.dockerfile} has no stage {settings.target}",
            hint=f"its stages with a name: {names}" if names else 'name one there: "FROM python:3.12-slim AS runtime"',
        )
    known = own.declared(parsed)
    arguments = {key: value for key, value in arguments_of(config).items() if key in known}
    given = {**arguments, **{key: str(value) for key, value in config.engine.build_args.items()}}
    return OwnFile(place, content, parsed, given, settings.target)


def arguments_of(config: Config) -> dict[str, str]:
    """Return the build arguments that the suite sets."""
    python = f"python:{sys.version_info.major}.{sys.version_info.minor}"
    return {
        "PYTHON_BUILD": config.engine.python_build or python,
        "PYTHON_SLIM": config.engine.python_slim or f"{python}-slim",
        "SOURCE_ROOT": relative(config, config.source),
        "DATA_MOUNT": config.data.mount,
    }


def idle_settings(settings: ImageConfig, *, takes: bool) -> Iterator[str]:
    """Yield the settings that are given and do nothing beside a Dockerfile of the project's own.

    Args:
        settings: those of the image.
        takes: whether that Dockerfile takes files of the suite.
    """
    wanted = (*_OF_SUITE, *(() if takes else _OF_FILES))
    for each in fields(settings):
        if each.name in wanted and getattr(settings, each.name):
            yield each.name.replace("_", "-")


def hint_for_none(config: Config, name: str) -> str:
    """Return what to do where an image has no command: name one, or the Dockerfile that lies there."""
    command = f'[tool.buildkit.image.{name}]\ncommand = ["uvicorn", "app.main:app", "--host", "0.0.0.0"]'
    if not (config.root / _USUAL).is_file():
        return command
    return f'{command}\nor, to build the Dockerfile that the project has as it is: dockerfile = "{_USUAL}"'


def file_of(config: Config, key: str, name: str) -> Path | None:
    """Return a file that a setting names; None if it names none.

    Raises:
        ConfigurationError: it is not there.
    """
    if not name:
        return None
    if not (config.root / name).is_file():
        raise ConfigurationError(
            f'[tool.buildkit] {key}: there is no file "{name}"', hint=f"it counts from {config.root}"
        )
    return config.root / name


def relative(config: Config, place: Path) -> str:
    """Return a place relative to the project, with forward slashes."""
    return Path(os.path.relpath(place, config.root)).as_posix()
