"""The lock file of a project: which there is, what reads it, and what makes it anew."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from pathlib import Path

from buildkit.dependencies.formats import pdm, poetry, pylock, requirements, tables, uv
from buildkit.dependencies.graph import NotLocked
from buildkit.dependencies.locked import Locked, Wanted
from buildkit.dependencies.markers import BadMarker
from buildkit.dependencies.needs import BadNeed
from buildkit.doors import reading
from buildkit.errors import ConfigurationError

NAMES = (uv.FILE, poetry.FILE, pdm.FILE, "pylock.toml", requirements.FILE)
"""The files that lock what is installed: those of a tool that resolves, then what such tools export."""

_PYLOCK = re.compile(r"pylock\.([^.]+\.)?toml")
_MAKES = {uv.FILE: "uv lock", poetry.FILE: "poetry lock", pdm.FILE: "pdm lock"}


def is_lock(name: str) -> bool:
    """Return whether a file of that name is read as a lock."""
    return bool(name in NAMES or _PYLOCK.fullmatch(name) or (name.endswith((".txt", ".in"))))


def found(folder: Path, root: Path) -> tuple[Path, ...]:
    """Return the lock files of a project, in the order of `NAMES`.

    They lie in its own folder; a workspace of uv has one for all members, in a folder above, at most in `root`.
    """
    here = tuple(folder / name for name in NAMES if reading.is_file(folder / name))
    if any(place.name != requirements.FILE for place in here):
        return here
    for above in folder.parents:
        if above != root and root not in above.parents:
            break
        place = above / uv.FILE
        if reading.is_file(place) and _is_of(place, folder):
            return (place, *here)
    return here


def _is_of(place: Path, folder: Path) -> bool:
    try:
        return uv.has(reading.read_text(place), folder.relative_to(place.parent).as_posix())
    except (OSError, ValueError):  # whose lock it is cannot be told
        return False


def remedy(file: Path) -> str:
    """Return the command that makes a lock file anew."""
    return _MAKES.get(file.name, f"export {file.name} anew by the tool that wrote it")


def read(file: Path, wanted: Wanted, variables: Mapping[str, str]) -> Locked:
    """Return what a lock file says.

    Args:
        file: the lock file; its name says its form.
        wanted: which packages.
        variables: the values of `${NAME}` in a requirements.txt.

    Raises:
        ConfigurationError: it cannot be read, is not of its form, or is not whole.
    """
    try:
        text = reading.read_text(file)
        if file.name == uv.FILE:
            return uv.read(text, wanted)
        if file.name == poetry.FILE:
            return poetry.read(text, wanted)
        if file.name == pdm.FILE:
            return pdm.read(text, wanted)
        if _PYLOCK.fullmatch(file.name):
            return pylock.read(file.name, text, wanted)
        return requirements.read(
            file.name, lambda name: reading.read_text(within(file.parent, name)), wanted, variables
        )
    except OSError as error:
        where = error.filename or file
        raise ConfigurationError(f"{where}: {error.strerror}", hint=f"bring it back, or {remedy(file)}") from None
    except NotLocked as error:
        by = f", which {error.by} requires" if error.by else ", which the project declares"
        raise ConfigurationError(f"{file}: it lacks {error.name}{by}", hint=f"make it anew: {remedy(file)}") from None
    except (tables.Odd, BadMarker, BadNeed, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{file}: {error}", hint=f"mend it, or make it anew: {remedy(file)}") from None


def within(folder: Path, name: str) -> Path:
    """Return the path of a file that a lock names, which must lie in its folder or below.

    Raises:
        Odd: it leads elsewhere.
    """
    if name.startswith("/") or posixpath.normpath(name).startswith(".."):
        raise tables.Odd(f"it names {name}, which lies outside of {folder}")
    return folder / name
