"""Checks the configured folders: one that the suite writes and clears lies in the project and holds nothing else."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from buildkit.config.forms import alike
from buildkit.config.settings import Config
from buildkit.model import WORK


def problems(config: Config, environment: Mapping[str, str]) -> Iterator[str]:
    """Yield a message for each problem with a configured folder, and for names that lead to the same folder."""
    for key, path in (("source-root", config.source_root), ("project", config.project)):
        if not Path(os.path.normpath(config.root / path)).is_relative_to(config.root):
            yield f'{key}: "{path}" lies outside the project, {config.root}'
    wrong = _data(config, environment)
    if wrong:
        yield f'data.path: "{config.data.path}" {wrong}: the data has a folder of its own, such as "data"'
    if config.work.is_symlink():
        yield f"{WORK} is a link to {config.work.readlink()}: it must be a folder of the project"
    for one, other in alike(config.image, "_-") if len(config.image) > 1 else ():
        yield f"image.{other}: its name and that of image.{one} lead to one folder and one repository"
    named = [(at, image.repository) for at, image in config.image.items() if image.repository]
    for at, (name, repository) in enumerate(named):
        if repository in (before for _, before in named[:at]):
            yield f'image.{name}.repository: "{repository}" is another image\'s already'
    stages = config.data.stage
    for one, other in alike(stage.name for stage in stages) if len(stages) > 1 else ():
        if one != other:  # the same name twice is told by the stages themselves
            yield f'data.stage {other}: its name and "{one}" are one where names of files ignore case'


def _data(config: Config, environment: Mapping[str, str]) -> str:
    """Return why the data's folder cannot be where the settings say; empty if it can."""
    place = _resolved(config.root / config.data.path)
    if place == Path(place.anchor):
        return "is the root of the disk"
    if config.root.is_relative_to(place) or _resolved(config.source).is_relative_to(place):
        return "has the project or its sources in it"
    home = Path(environment.get("HOME", ""))
    if home.is_absolute() and _resolved(home).is_relative_to(place):
        return "has the home folder in it"
    for own in (WORK, ".git"):
        if place.is_relative_to(config.root / own):
            return f"lies in {own}"
    return ""


def _resolved(path: Path) -> Path:
    try:
        return path.resolve()
    except (OSError, RuntimeError):  # links that lead in a circle
        return path
