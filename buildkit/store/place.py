"""Finds the store's folder, and checks by its owner and permissions that its contents can be trusted.

It belongs to one user. Files of root are trusted as well. Users of one group share a store knowingly, where its folder
is writable for the group and hands the group on (`chmod g+ws`). Any other owner's is left alone, and so is one that
everybody may write to, unless all that counts in it is one's own (`chmod +t`).
"""

from __future__ import annotations

import os
import re
import stat
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from buildkit.doors import files

VARIABLE = "PYBUILDKIT_CACHE_DIR"

_NUMBER = re.compile("[0-9a-f]{32}")
_MINE = "builder"


@dataclass(frozen=True, slots=True)
class StoreFolder:
    """The store's folder.

    Args:
        folder: where it is, or would be.
        problem: why it may not be used; empty if it may.
        shared: a group shares it: its members' entries count as one's own.
    """

    folder: Path
    problem: str = ""
    shared: bool = False


def find(environment: Mapping[str, str]) -> StoreFolder:
    """Return the store that the environment names, else that of the user's home."""
    named = environment.get(VARIABLE)
    if named:
        return inspect(_expanded(named, environment).absolute(), environment)
    home = _home(environment)
    if home is None or not home.is_dir():
        where = "there is no home folder" if home is None else f"there is no folder {home}"
        return StoreFolder(Path(os.devnull), f"{where}, and {VARIABLE} names none")
    if sys.platform == "darwin":
        return inspect(home / "Library" / "Caches" / "pybuildkit", environment)
    cache = Path(environment.get("XDG_CACHE_HOME") or "")
    return inspect((cache if cache.is_absolute() else home / ".cache") / "pybuildkit", environment)


def inspect(folder: Path, environment: Mapping[str, str]) -> StoreFolder:
    """Return the store's place in `folder`, after checking its owner and permissions."""
    problem = _unfit(folder, environment)
    if problem:
        return StoreFolder(folder, problem)
    shared = None
    for place in (folder, *(folder / name for name in ("v1", "v1/actions", "v1/blobs", "postgres"))):
        try:
            about = place.stat()
        except FileNotFoundError:
            continue
        except OSError as error:
            return StoreFolder(folder, f"{place}: {error.strerror}")
        problem = _not_ours(place, about, shared)
        if problem:
            return StoreFolder(folder, problem)
        if place == folder and _is_shared(about):
            shared = about.st_gid
    return StoreFolder(folder, shared=shared is not None)


def private_number(environment: Mapping[str, str], *, make: bool = False) -> str:
    """Return a random number that only this user can read; the user id if none can be stored.

    Args:
        environment: names the store, beside which it is kept.
        make: generate the number if there is none yet.
    """
    place = find(environment)
    mine = place.folder / _MINE
    if not place.problem:
        try:
            if make and not mine.exists():
                files.write(mine, f"{os.urandom(16).hex()}\n", mode=0o600)
            text = mine.read_text("utf-8").strip()
        except (OSError, UnicodeDecodeError):
            text = ""
        if _NUMBER.fullmatch(text):
            return text
    return str(os.geteuid())


def _unfit(folder: Path, environment: Mapping[str, str]) -> str:
    home = _home(environment)
    if folder == Path(folder.anchor) or folder.resolve() == Path(folder.anchor):
        return "the root of the disk is no place for it"
    if home is not None and folder.resolve() == home.resolve():
        return "the home folder itself is no place for it"
    if (folder / "pyproject.toml").exists():
        return "a project's own folder is no place for it"
    if folder.exists() and not folder.is_dir():
        return "it is not a folder"
    return ""


def _not_ours(place: Path, about: os.stat_result, shared: int | None) -> str:
    if not stat.S_ISDIR(about.st_mode):
        return f"{place} is not a folder"
    if about.st_mode & stat.S_IWOTH and not about.st_mode & stat.S_ISVTX:
        return f"everybody may write to {place}; see that only you may: chmod o-w {place}"
    if about.st_uid in {0, os.geteuid()} or (shared is not None and about.st_gid == shared):
        return ""
    if shared is None and _is_shared(about) and not about.st_mode & stat.S_IWOTH and _is_member(about.st_gid):
        return ""
    return f"{place} belongs to user {about.st_uid}"


def _is_shared(about: os.stat_result) -> bool:
    return bool(about.st_mode & stat.S_ISGID and about.st_mode & stat.S_IWGRP)


def _is_member(group: int) -> bool:
    return group in {os.getegid(), *os.getgroups()}


def _home(environment: Mapping[str, str]) -> Path | None:
    """Return the home folder: an empty `HOME`, or a relative one, is none."""
    named = environment.get("HOME", "")
    if not named:
        import pwd  # noqa: PLC0415 - most have a HOME

        try:
            named = pwd.getpwuid(os.getuid()).pw_dir
        except KeyError:
            return None
    return Path(named) if named.startswith("/") else None


def _expanded(path: str, environment: Mapping[str, str]) -> Path:
    home = _home(environment)
    if home is not None and (path == "~" or path.startswith("~/")):
        return home / path[2:]
    return Path(path)
