"""The manifest of the folder with mypy's cache, which is used only if each file in it is as the worker left it."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from buildkit.doors import reading

_MANIFEST = "manifest.json"
_PARTS = ("mypy", "c")
"""The subfolders with mypy's cache and with the generated C that belongs to it."""


def recall(folder: Path, basis: list[str]) -> dict[str, Any]:
    """Return what the last run saved; empty if its basis was another one, or a file in the folder has changed since."""
    try:
        manifest: dict[str, Any] = json.loads(reading.read(folder / _MANIFEST))
        return manifest if manifest["basis"] == basis and manifest["files"] == _digests(folder) else {}
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return {}


def forget(folder: Path) -> None:
    """Delete the manifest, before the folder is written to."""
    (folder / _MANIFEST).unlink(missing_ok=True)


def remember(folder: Path, basis: list[str], word: dict[str, Any]) -> None:
    """Write the manifest of a run: `word`, the basis, and the digest of each file in the folder."""
    (folder / _MANIFEST).write_text(json.dumps({**word, "basis": basis, "files": _digests(folder)}), "utf-8")


def _digests(folder: Path) -> dict[str, str]:
    files = (path for part in _PARTS for path in sorted((folder / part).rglob("*")) if path.is_file())
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
