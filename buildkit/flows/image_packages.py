"""The packages that an image gets: from the project's lock where it has one, else as pyproject.toml declares them."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from buildkit.config import Config
from buildkit.dependencies import backend, indexes, installation, selection
from buildkit.dependencies.declared import tables_of
from buildkit.dependencies.installation import NOTHING, Files
from buildkit.dependencies.locked import Locked
from buildkit.doors import reading

_STAGED = "--from=buildkit"
_PLAIN = re.compile(r"[A-Za-z0-9_./+-]+")  # what a Dockerfile takes without quotes


@dataclass(frozen=True, slots=True)
class Packages:
    """What an image installs.

    Args:
        files: the texts for pip.
        indexes: where pip looks beside the usual index.
        lock: the name of the lock file; empty without one.
        said: lines for the user, of where the versions come from.
    """

    files: Files = NOTHING
    indexes: tuple[indexes.Index, ...] = field(default=(), repr=False)
    lock: str = ""
    said: tuple[str, ...] = ()


def packages_of(config: Config, name: str, environment: Mapping[str, str]) -> Packages:
    """Return the packages of one image; of one with a Dockerfile of its own only if that takes files of the suite.

    Raises:
        ConfigurationError: the lock cannot be read, does not fit what is declared, or cannot be installed.
    """
    settings = config.image[name]
    own = config.root / settings.dockerfile
    if settings.dockerfile and _STAGED not in (reading.read_text(own, errors="replace") if own.is_file() else ""):
        return Packages()
    choice = selection.Choice(settings.extras, settings.groups, settings.lock)
    service = config.service_folder

    def ask() -> list[str]:
        return [*backend.requirements(service, config.work / "requirements.json", environment)]

    found = selection.select(service, config.root, choice, environment, ask)
    lock = found.file.name if found.file else ""
    passed = tuple(f"image {name}: not taken: {each}" for each in found.passed)
    return Packages(
        installation.files(found.locked, _folders(config, found)),
        indexes.of(found.locked, tables_of(service), environment),
        lock,
        (*([f"image {name}: {_summary(lock, found.locked)}"] if lock else []), *passed),
    )


def _folders(config: Config, found: selection.Selection) -> dict[str, str]:
    """Return the folders of the checkout from which packages of the lock are built, relative to the project's."""
    folders: dict[str, str] = {}
    for package in found.locked.packages:
        if found.file is not None and package.source.kind == "path":
            place = Path(os.path.normpath(found.file.parent / package.source.place))
            settings = any(reading.is_file(place / name) for name in ("pyproject.toml", "setup.py"))
            if settings and config.root in place.parents and _PLAIN.fullmatch(str(place.relative_to(config.root))):
                folders[package.name] = place.relative_to(config.root).as_posix()
    return folders


def _summary(lock: str, locked: Locked) -> str:
    hashed = sum(bool(package.hashes) for package in locked.packages)
    count = len(locked.packages)
    return f"{count} packages from {lock}, {'all' if hashed == count else hashed} with hashes"
