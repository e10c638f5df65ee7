"""Keeps a user's file as it was before the suite wrote in its place."""

from __future__ import annotations

import os
from pathlib import Path

from buildkit.doors import files
from buildkit.errors import ConfigurationError

_MOST = 1000


def keep(place: Path) -> str:
    """Keep a file beside itself as `NAME.original`, never in the place of another one that was kept before.

    Args:
        place: the file.

    Returns:
        The name under which its content is kept; empty if there is no file.

    Raises:
        ConfigurationError: there is no free name left.
    """
    if not place.is_file():
        return ""
    content = place.read_bytes()
    for number in range(1, _MOST):
        kept = place.with_name(f"{place.name}.original{'' if number == 1 else f'.{number}'}")
        if kept.is_file() and kept.read_bytes() == content:
            return kept.name
        if not os.path.lexists(kept):
            files.write(kept, content, mode=0o644)
            return kept.name
    raise ConfigurationError(f"{place}.original exists a thousand times", hint="delete some of them")
