"""Folders for what tools read and write on the way."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from buildkit.doors import files


@contextlib.contextmanager
def scratch(folder: Path) -> Iterator[Path]:
    """Give a new folder below `folder` for what a tool reads and writes; it is deleted at the end of the block."""
    files.make_own_folder(folder)
    with tempfile.TemporaryDirectory(dir=folder) as place:
        yield Path(place)


def clear_scratch(folder: Path) -> None:
    """Delete what killed builds left in their scratch folder; the caller must hold the build lock."""
    shutil.rmtree(folder, ignore_errors=True)
