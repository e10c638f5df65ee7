"""Which settings of mypy count for a project, and what they say."""

from __future__ import annotations

import configparser
import contextlib
import re
from pathlib import Path

from buildkit.compile.places import Places
from buildkit.doors import reading

_TABLE = re.compile(r"^\s*\[+\s*tool\s*\.\s*[\"']?mypy\b.*?(?=^\s*\[|\Z)", re.MULTILINE | re.DOTALL)


def settings_file(places: Places) -> str:
    """Return the file with mypy's settings for the project, never the user's own; empty if there is none."""
    folder = Path(places.source)
    while True:
        for name in ("mypy.ini", ".mypy.ini", "pyproject.toml", "setup.cfg"):
            path = folder / name
            if path.is_file() and _speaks_of_mypy(path):
                return str(path)
        if str(folder) == places.project or folder == folder.parent:
            return ""
        folder = folder.parent


def settings_text(path: str) -> str:
    """Return the settings of mypy in a file; of a pyproject.toml only the `[tool.mypy]` tables."""
    text = reading.read_text(path, errors="replace") if path else ""
    return "".join(_TABLE.findall(text)) if path.endswith(".toml") else text


def _speaks_of_mypy(path: Path) -> bool:
    if path.name in {"mypy.ini", ".mypy.ini"}:
        return True
    text = reading.read_text(path, errors="replace")
    if path.suffix == ".toml":
        return _TABLE.search(text) is not None
    parser = configparser.RawConfigParser()
    with contextlib.suppress(configparser.Error):
        parser.read_string(text)
    return parser.has_section("mypy")
