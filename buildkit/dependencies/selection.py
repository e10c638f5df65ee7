"""The packages that a project needs where it runs: from its lock if it has one, else as it declares them."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from buildkit.dependencies import declared, fit, lockfile
from buildkit.dependencies.formats import tables as forms
from buildkit.dependencies.formats.requirements import package_of
from buildkit.dependencies.locked import Locked, Wanted
from buildkit.dependencies.markers import condition
from buildkit.dependencies.names import normalized
from buildkit.dependencies.needs import BadNeed, Need
from buildkit.errors import ConfigurationError

LINUX: Mapping[str, str] = {"sys_platform": "linux", "os_name": "posix", "platform_system": "Linux"}
"""What is known of every container, whatever Python and machine it has."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What a caller chooses of a project's dependencies.

    Args:
        extras: extras of the project.
        groups: its dependency groups.
        lock: the lock file, relative to the project's folder; the one that there is if empty.
        facts: variables of markers that are known of where the packages will run.
    """

    extras: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    lock: str = ""
    facts: Mapping[str, str] = field(default_factory=lambda: dict(LINUX))


@dataclass(frozen=True, slots=True)
class Selection:
    """What is to be installed.

    Args:
        locked: the packages; of a project without a lock those that it declares.
        file: the lock file; None without one.
        passed: lock files that were not taken, each with the reason.
    """

    locked: Locked
    file: Path | None = None
    passed: tuple[str, ...] = ()


Ask = Callable[[], Sequence[str]]
"""Asks the project's build backend for its requirements."""


def select(folder: Path, root: Path, choice: Choice, variables: Mapping[str, str], ask: Ask) -> Selection:
    """Return the packages that the project in `folder` needs.

    Args:
        folder: the folder of the service's pyproject.toml.
        root: the folder of the whole project, up to which a lock is looked for.
        choice: extras, groups, lock.
        variables: the environment, for `${NAME}` in a requirements.txt.
        ask: asks the build backend; called only where the requirements are left to it.

    Raises:
        ConfigurationError: a file cannot be read, or the lock does not fit what is declared.
    """
    file = folder / "pyproject.toml"
    tables = declared.tables_of(folder)
    asked = ask() if declared.left_to_backend(tables) else ()
    project = declared.read(file, tables, choice.groups, asked)
    try:
        needs = project.chosen(choice.extras)
    except BadNeed as error:
        raise ConfigurationError(f"{file}: {error}", hint="correct image.NAME.extras, or declare it") from None
    read = _Reader(file, tables, project, choice, needs, variables)
    if choice.lock:
        named = folder / choice.lock
        if not lockfile.is_lock(named.name):
            raise ConfigurationError(
                f"{choice.lock} is no lock file that is known", hint=f"it may be {', '.join(lockfile.NAMES)}"
            )
        return Selection(read.fitting(named), named)
    places = lockfile.found(folder, root)
    passed: list[str] = []
    locks: list[tuple[Path, Locked]] = []
    for place in places:
        locked = read.fitting(place) if place.name != lockfile.NAMES[-1] else _pinned(read, place, passed)
        if locked is not None:
            locks.append((place, locked))
    if not locks:
        return Selection(_as_declared(needs, choice.facts), None, tuple(passed))
    _require_equal(locks)
    passed += [f"{place.name}: {locks[0][0].name} says the same" for place, _ in locks[1:]]
    return Selection(locks[0][1], locks[0][0], tuple(passed))


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads a lock for one project, and holds it against what that declares."""

    file: Path
    tables: Mapping[str, Any]
    project: declared.Declared
    choice: Choice
    needs: tuple[Need, ...]
    variables: Mapping[str, str]

    def read(self, place: Path) -> Locked:
        wanted = Wanted(
            frozenset(map(normalized, self.choice.extras)),
            frozenset(map(normalized, self.choice.groups)),
            self.choice.facts,
            self.project.name,
            Path(os.path.relpath(self.file.parent, place.parent)).as_posix(),
            self.needs,
        )
        return lockfile.read(place, wanted, self.variables)

    def fitting(self, place: Path) -> Locked:
        """Return what a lock says.

        Raises:
            ConfigurationError: it does not fit.
        """
        locked = self.read(place)
        every = [need for needs in self.project.needs.values() for need in needs]
        wrong = fit.problems(locked, self.needs, every, self.choice.facts)
        if not wrong and place.name == "poetry.lock" and self._changed_since(place):
            wrong = ["its content-hash is of another pyproject.toml"]
        if wrong:
            raise ConfigurationError(
                f"{place.name} does not fit {self.file.name}",
                details=wrong,
                hint=f"lock anew: {lockfile.remedy(place)}",
            )
        return locked

    def _changed_since(self, place: Path) -> bool:
        recorded = forms.parsed(place.read_text("utf-8")).get("metadata", {}).get("content-hash")
        return recorded is not None and recorded not in fit.poetry_hashes(self.tables)


def _pinned(read: _Reader, place: Path, passed: list[str]) -> Locked | None:
    """Return what a requirements.txt says if it fixes versions: with ranges it is no lock, and means anything."""
    try:
        locked = read.read(place)
    except ConfigurationError as error:
        passed.append(f"{place.name}: it is not read, {error.message.partition(': ')[2] or error.message}")
        return None
    if locked.pins and locked.packages:
        return read.fitting(place)
    passed.append(f"{place.name}: it fixes no versions; to install it all the same, name it as lock")
    return None


def _require_equal(locks: Sequence[tuple[Path, Locked]]) -> None:
    """Raise where locks fix the same package at other versions: which of them counts is for the project to say."""
    first, locked = locks[0]
    for place, other in locks[1:]:
        mine, theirs = _versions(locked), _versions(other)
        apart = sorted(name for name in mine.keys() & theirs.keys() if mine[name] != theirs[name])
        if apart:
            raise ConfigurationError(
                f"{first.name} and {place.name} fix other versions",
                details=[
                    f"{name}: {'/'.join(sorted(mine[name]))} and {'/'.join(sorted(theirs[name]))}" for name in apart
                ],
                hint=f'say which counts: lock = "{first.name}", or delete the other',
            )


def _versions(locked: Locked) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for package in locked.packages:
        found.setdefault(package.name, set()).add(package.version or package.source.commit)
    return found


def _as_declared(needs: Sequence[Need], facts: Mapping[str, str]) -> Locked:
    """Return the requirements as they are declared, for an installer that resolves."""
    lines = []
    for need in needs:
        if len(need.specifiers) > 1:
            raise ConfigurationError(
                f"{need.name}: an installer cannot be told of alternatives: {' | '.join(need.specifiers)}",
                hint="lock the project, or declare one range",
            )
        where = condition(need.marker, facts)
        if not where.never:
            lines.append(package_of(need, where))
    return Locked("", tuple(lines), complete=False, pins=False)
