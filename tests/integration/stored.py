"""A small project whose builds are stored, and the files of a store."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

PROJECT = {
    "pyproject.toml": '[project]\nname = "app"\n[tool.buildkit]\npackages = ["app"]\n',
    "src/app/__init__.py": "",
    "src/app/plain.py": "def answer() -> int:\n    return 41 + 1\n",
    "src/app/fast.pyx": "from app cimport shared\n\ndef twice(int number):\n    return shared.double(number)\n",
    "src/app/shared.pxd": "cdef inline int double(int number):\n    return number * 2\n",
    "tasks.py": "from buildkit.tasks import ns\n",
}
DAY = 86400.0


def fresh_clone(root: Path, place: Path) -> Path:
    shutil.copytree(root, place, ignore=shutil.ignore_patterns(".buildkit", "*.so", "*.gz", "__pycache__"))
    return place


def is_look_at_tools(started: str) -> bool:
    """A machine that is new to a project finds out once which compiler it has, and that it works."""
    return "-print-prog-name" in started or "probe" in started


def entries(cache: Path) -> list[Path]:
    return sorted(path for kind in ("actions", "blobs") for path in (cache / "v1" / kind).rglob("*") if path.is_file())


def idle(paths: list[Path], days: float) -> None:
    for path in paths:
        os.utime(path, times=(time.time() - days * DAY,) * 2)
