"""What a linker says of the files that it takes."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from buildkit.compile.places import Places

TRACE = ("-Wl,-t",)
"""Has a linker say which files it takes."""

_TRACED = re.compile(r"\(?([^()\n]+)")


def traced(words: str, folder: Path, places: Places) -> Iterator[str]:
    """Yield the names of the libraries and objects that a linker says it took, without those in its own folder.

    Args:
        words: what it said.
        folder: where it ran.
        places: where inputs lie.
    """
    for line in words.splitlines():
        found = _TRACED.match(line.strip())
        path = os.path.normpath(folder / found[1]) if found else ""
        if os.path.isfile(path) and not path.startswith(f"{folder}{os.sep}"):  # noqa: PTH113
            name = places.name(path)
            if name is not None:
                yield name
