"""How programs are installed on this system, and what it allows: packages, room on disks, watches of files."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

_ROOM, _LITTLE = 200 * 10**6, 2 * 10**9
"""Bytes of a disk below which builds fail, and below which they soon will."""

FEWEST_WATCHES, FEWEST_INSTANCES = 16_384, 64
"""Of inotify, below which watching a project of some size fails."""

_INSTALLERS = {
    "apt-get": "apt-get install -y",
    "dnf": "dnf install -y",
    "apk": "apk add -U",  # images come without an index
    "brew": "brew install",
}
_LISTS = Path("/var/lib/apt/lists")
"""Where apt keeps what it may install. Images of containers come without, and apt then finds no package at all."""

_PACKAGES: Mapping[str, Mapping[str, str]] = {
    "cc": {"apt-get": "gcc libc6-dev", "dnf": "gcc", "apk": "gcc musl-dev"},
    "c++": {"apt-get": "g++", "dnf": "gcc-c++", "apk": "g++"},
    "headers": {"apt-get": "python{version}-dev", "dnf": "python{version}-devel", "apk": "python3-dev"},
    "git": {"apt-get": "git", "dnf": "git", "apk": "git", "brew": "git"},
    "docker": {"apt-get": "docker.io", "dnf": "moby-engine", "apk": "docker"},
    "buildx": {"apt-get": "docker-buildx", "dnf": "docker-buildx", "apk": "docker-cli-buildx", "brew": "docker-buildx"},
}


def installing(
    thing: str,
    which: Callable[[str], str | None] = shutil.which,
    *,
    root: bool | None = None,
    lists: Path = _LISTS,
) -> str:
    """Return the line that installs something here; empty where no installer is known.

    Args:
        thing: a key of the packages.
        which: finds a program.
        root: whether this user may install; found out if None.
        lists: the folder of apt's lists of packages; where it has none, the line fetches them first.
    """
    if sys.platform == "darwin" and thing in {"cc", "c++"}:
        return "xcode-select --install"
    known = _PACKAGES[thing]
    for program, words in _INSTALLERS.items():
        if program in known and which(program):
            is_root = os.geteuid() == 0 if root is None else root
            before = "" if is_root or program == "brew" else "sudo "
            version = f"{sys.version_info.major}.{sys.version_info.minor}"
            fetch = program == "apt-get" and not any(lists.glob("*_Packages*"))
            first = f"{before}apt-get update && " if fetch else ""
            return f"{first}{before}{words} {known[program].format(version=version)}"
    return ""


def pip(*names: str) -> str:
    """Return the line that installs packages into the environment that runs this."""
    quoted = " ".join(f"'{name}'" if set(name) & set("[]<>=! ;~") else name for name in names)
    return f"{Path(sys.executable)} -m pip install {quoted}"


def room(place: Path) -> int:
    """Return the bytes that this user may still write on the disk of a place, which need not be there yet."""
    while not place.exists() and place != place.parent:
        place = place.parent
    about = os.statvfs(place)
    return about.f_bavail * about.f_frsize


def is_tight(free: int) -> bool | None:
    """Return whether so few bytes stop a build; None if they soon may, False if there are enough."""
    return True if free < _ROOM else None if free < _LITTLE else False


def limits_of_inotify(folder: Path = Path("/proc/sys/fs/inotify")) -> tuple[int, int] | None:
    """Return how many watches and instances a user may have; None on a system without inotify."""
    try:
        return (
            int((folder / "max_user_watches").read_text("ascii")),
            int((folder / "max_user_instances").read_text("ascii")),
        )
    except (OSError, ValueError):
        return None
