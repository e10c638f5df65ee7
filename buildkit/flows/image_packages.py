"""The packages that an image gets: from the project's lock where it has one, else as pyproject.toml declares them."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from buildkit.config import Config
from buildkit.core.fingerprint import digest_value
from buildkit.dependencies import backend, indexes, installation, lockfile, selection
from buildkit.dependencies.declared import left_to_backend, tables_of
from buildkit.dependencies.installation import NOTHING, Files
from buildkit.dependencies.locked import Locked
from buildkit.doors import files, reading
from buildkit.flows.image_own import own_of
from buildkit.flows.image_version import said_of_version, version_of

_PLAIN = re.compile(r"[A-Za-z0-9_./+-]+")  # what a Dockerfile takes without quotes


@dataclass(frozen=True, slots=True)
class Packages:
    """What an image installs.

    Args:
        files: the texts for pip.
        indexes: where pip looks beside the usual index.
        lock: the name of the lock file; empty without one.
        said: lines for the user, of where the versions come from.
        version: that of the service itself.
    """

    files: Files = NOTHING
    indexes: tuple[indexes.Index, ...] = field(default=(), repr=False)
    lock: str = ""
    said: tuple[str, ...] = ()
    version: str = ""


def packages_of(
    config: Config,
    name: str,
    environment: Mapping[str, str],
    *,
    keep: bool = True,
    facts: Mapping[str, str] | None = None,
) -> Packages:
    """Return the packages of one image; of one with a Dockerfile of its own only if that takes files of the suite.

    Args:
        config: the project.
        name: the image.
        environment: what a build backend that is asked gets, and names of indexes.
        keep: remember the answer for the next look; a dry run writes nothing.
        facts: variables of markers that are known of the image's Python; those of every container if None.

    Raises:
        ConfigurationError: the lock cannot be read, does not fit what is declared, or cannot be installed.
    """
    own = own_of(config, name)
    if own is not None and not own.takes_suite:
        return Packages()
    version = version_of(config, environment, keep=keep)
    found = _packages_of(config, name, environment, facts, keep=keep)
    said = (f"image {name}: {each}" for each in said_of_version(config, version))
    return replace(found, version=version, said=(*found.said, *said))


def _packages_of(
    config: Config, name: str, environment: Mapping[str, str], facts: Mapping[str, str] | None, *, keep: bool
) -> Packages:
    choice = _choice(config, name, facts)
    memory = config.work / "image" / f"{name}.packages.json"
    key = _key(config, choice)
    if key and (kept := _kept(memory, key)):
        return kept
    found = _selected(config, choice, environment, keep=keep)
    lock = found.file.name if found.file else ""
    passed = tuple(f"image {name}: not taken: {each}" for each in found.passed)
    packages = Packages(
        installation.files(found.locked, _folders(config, found)),
        indexes.of(found.locked, tables_of(config.service_folder), environment),
        lock,
        (*([f"image {name}: {_summary(lock, found.locked)}"] if lock else []), *passed),
    )
    if (
        keep
        and key
        and not (packages.indexes or packages.files.folders or left_to_backend(tables_of(config.service_folder)))
    ):
        files.write_if_changed(memory, json.dumps({"key": key, **asdict(packages)}))
    return packages


def selection_of(
    config: Config, name: str, environment: Mapping[str, str], facts: Mapping[str, str]
) -> selection.Selection:
    """Return the packages of one image as its lock or its declaration says them, for a Python of which all is known.

    Args:
        config: the project.
        name: the image.
        environment: what a build backend that is asked gets.
        facts: the variables of markers.

    Raises:
        ConfigurationError: the lock cannot be read, or does not fit what is declared.
    """
    return _selected(config, _choice(config, name, facts), environment, keep=False)


def _choice(config: Config, name: str, facts: Mapping[str, str] | None) -> selection.Choice:
    settings = config.image[name]
    known = selection.LINUX if facts is None else facts
    return selection.Choice(settings.extras, settings.groups, settings.lock, known)


def _selected(
    config: Config, choice: selection.Choice, environment: Mapping[str, str], *, keep: bool
) -> selection.Selection:
    service = config.service_folder

    def ask() -> list[str]:
        return [*backend.requirements(service, config.work / "requirements.json", environment, keep=keep)]

    return selection.select(service, config.root, choice, environment, ask)


def _key(config: Config, choice: selection.Choice) -> str:
    """Return a digest of all that decides which packages these are; empty if that is not known in advance.

    A lock of a megabyte takes half a second to be understood, and a build that finds nothing changed has not that long.
    """
    service = config.service_folder
    places = [service / choice.lock] if choice.lock else [*lockfile.found(service, config.root)]
    if any(place.name.endswith((".txt", ".in")) or not reading.is_file(place) for place in places):
        return ""  # one that names further files, or is missing, which is told elsewhere
    read = [service / "pyproject.toml", *places, *sorted(Path(selection.__file__).parent.rglob("*.py"))]
    chosen = [choice.extras, choice.groups, choice.lock, sorted(choice.facts.items()), str(config.root)]
    return str(digest_value([chosen, [[str(each), str(files.digest_file(each))] for each in read]]))


def _kept(memory: Path, key: str) -> Packages | None:
    """Return what was found when all was as it is now; None if there is no such memory, or not a whole one."""
    try:
        found = json.loads(reading.read_text(memory))
        if found.pop("key") != key:
            return None
        texts = Files(**{name: str(text) for name, text in found["files"].items()})
        return Packages(texts, (), str(found["lock"]), tuple(map(str, found["said"])))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


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
