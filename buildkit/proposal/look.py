"""One look at a project: the names of its files, and the texts of those that say how it is built and started."""

from __future__ import annotations

import ast
import contextlib
import os
import sys
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from buildkit.doors import reading
from buildkit.errors import ConfigurationError

if sys.version_info >= (3, 11):
    import tomllib
else:  # pragma: no cover - one interpreter takes one branch
    import tomli as tomllib

PYPROJECT = "pyproject.toml"

_MOST_FILES = 20_000
_MOST_BYTES = 1 << 20
_DEEPEST = 8
_SKIPPED = frozenset({"__pycache__", "node_modules", "site-packages", "build", "dist", "htmlcov"})
_READ = frozenset(
    {
        PYPROJECT,
        ".dockerignore",
        ".env",
        ".env.example",
        ".flaskenv",
        ".gitignore",
        "Procfile",
        "setup.cfg",
    }
)
_ENDINGS = (".py", ".sh", ".ini")
_BEGINNINGS = ("Dockerfile", "requirements")


@dataclass(frozen=True)
class Look:
    """A project as it was seen.

    Args:
        root: its folder.
        names: its files, relative to it and with forward slashes, sorted; not those in hidden folders.
        texts: the texts of those that were read.
    """

    root: Path
    names: tuple[str, ...]
    texts: Mapping[str, str]

    @cached_property
    def folders(self) -> frozenset[str]:
        """Every folder with a file somewhere below it."""
        found: set[str] = set()
        for name in self.names:
            folder = name.rpartition("/")[0]
            while folder and folder not in found:
                found.add(folder)
                folder = folder.rpartition("/")[0]
        return frozenset(found)

    @cached_property
    def tables(self) -> Mapping[str, Any]:
        """The tables of pyproject.toml; none where there is no such file.

        Raises:
            ConfigurationError: it is not valid.
        """
        try:
            return tomllib.loads(self.texts.get(PYPROJECT, ""))
        except (ValueError, RecursionError) as error:
            raise ConfigurationError(
                f"{self.root / PYPROJECT}: not valid TOML: {error}", hint="mend the file and run again"
            ) from None

    def table(self, *path: str) -> Mapping[str, Any]:
        """Return a table of pyproject.toml by its names; an empty one where there is none."""
        found: Any = self.tables
        for name in path:
            found = found.get(name) if isinstance(found, Mapping) else None
        return found if isinstance(found, Mapping) else {}

    @cached_property
    def trees(self) -> Mapping[str, ast.Module]:
        """The syntax trees of the sources of Python, without those that Python would refuse."""
        return dict(self._trees())

    def _trees(self) -> Iterator[tuple[str, ast.Module]]:
        for name, text in self.texts.items():
            if not name.endswith(".py"):
                continue
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    yield name, ast.parse(text)
            except (SyntaxError, ValueError, RecursionError, MemoryError):
                continue


def look(root: Path) -> Look:
    """Return the project in a folder; a file that cannot be read is taken for one that is not there.

    Args:
        root: the folder.
    """
    names = tuple(sorted(_files(root)))
    texts = {}
    for name in names:
        last = name.rpartition("/")[2]
        if last in _READ or last.endswith(_ENDINGS) or last.startswith(_BEGINNINGS):
            with contextlib.suppress(OSError):
                text = reading.read_text(root / name, errors="surrogateescape", most=_MOST_BYTES)
                texts[name] = text.removeprefix("\ufeff")
    return Look(root, names, texts)


def _files(root: Path) -> Iterator[str]:
    """Yield the files below a folder, the upper ones first and so many at most; links to folders are not followed."""
    waiting = [("", 0)]
    count = 0
    while waiting and count < _MOST_FILES:
        folder, depth = waiting.pop(0)
        try:
            with os.scandir(root / folder) as entries:
                found = list(entries)
        except OSError:
            continue
        if any(entry.name == "pyvenv.cfg" for entry in found):
            continue
        for entry in found:
            name = f"{folder}/{entry.name}" if folder else entry.name
            if entry.is_dir(follow_symlinks=False):
                if not entry.name.startswith(".") and entry.name not in _SKIPPED and depth < _DEEPEST:
                    waiting.append((name, depth + 1))
            else:
                count += 1
                yield name


def module_of(name: str, source_root: str) -> str:
    """Return the dotted name of a source of Python below the source root; empty for one elsewhere."""
    prefix = "" if source_root == "." else f"{source_root}/"
    if not name.startswith(prefix) or not name.endswith(".py"):
        return ""
    parts = name.removeprefix(prefix).removesuffix(".py").split("/")
    if parts[-1] == "__init__":
        parts.pop()
    return ".".join(parts) if parts and all(part.isidentifier() for part in parts) else ""
