"""Completion of values: after a flag whose values are known the shell offers these; all else is Invoke's own."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence
from pathlib import Path

from invoke.exceptions import Exit

_CHOICES: dict[str, tuple[str, ...]] = {"--profile": ("dev", "release"), "--require": ("image",)}
_NAMES = "--name"


def print_values(line: str) -> None:
    """Print the values that may come at the end of a line; return where these are not known.

    Args:
        line: what stands in the shell.

    Raises:
        Exit: they were printed.
    """
    try:
        found = values(shlex.split(line))
    except ValueError:
        return
    if found is not None:
        print(*found, sep="\n")  # noqa: T201 - the shell reads it
        raise Exit


def values(words: Sequence[str], folder: Path | None = None) -> Iterable[str] | None:
    """Return the values that may come at the end of a line; None where that is no flag with values that are known.

    Args:
        words: the line; the last may be a flag, or a part of a value behind one.
        folder: where the project is looked for.
    """
    for flag in (*words[-1:], *words[-2:-1]):
        if flag in _CHOICES:
            return _CHOICES[flag]
        if flag == _NAMES and any(word.partition(".")[0] == "image" for word in words):
            return _images(folder or Path.cwd())
    return None


def _images(folder: Path) -> Sequence[str]:
    """Return the names of a project's images; none where its settings cannot be read."""
    import os  # noqa: PLC0415 - who completes nothing does not pay

    from buildkit.config import load  # noqa: PLC0415
    from buildkit.errors import BuildkitError  # noqa: PLC0415

    try:
        return sorted(load(folder, os.environ).image)
    except (BuildkitError, OSError):
        return ()
