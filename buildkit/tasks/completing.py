"""Completion of values: after a flag whose values are known the shell offers these; all else is Invoke's own."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from invoke.exceptions import Exit

_CHOICES: dict[str, tuple[str, ...]] = {"--profile": ("dev", "release"), "--require": ("image",)}
_NAMES = "--name"


def completing(otherwise: Callable[..., Any]) -> Callable[..., Any]:
    """Return what Invoke calls to complete a line: it prints the values that a flag may have, or asks Invoke's own.

    Args:
        otherwise: Invoke's own.
    """

    def complete(names: Any, core: Any, *further: Any, **named: Any) -> Any:  # noqa: ANN401 - as Invoke calls it
        try:
            words = shlex.split(core.remainder)
        except ValueError:
            words = []
        found = values(words)
        if found is None:
            return otherwise(names, core, *further, **named)
        print(*found, sep="\n")  # noqa: T201 - the shell reads it
        raise Exit

    return complete


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
