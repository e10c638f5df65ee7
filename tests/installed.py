"""Packages as they lie installed: as an interpreter answers of them, and as files of a real environment."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from buildkit.image.usage.inventory import Inventory, of_answer

MARKERS = {"sys_platform": "linux", "python_version": "3.11", "python_full_version": "3.11.7", "os_name": "posix"}


@dataclass(frozen=True)
class Package:
    """One package.

    Args:
        name: its name.
        files: its files, by path relative to where it is installed, with their texts.
        requires: what it requires.
        points: its entry points: group, name, value.
    """

    name: str
    files: Mapping[str, str] = field(default_factory=dict)
    requires: Iterable[str] = ()
    points: Iterable[tuple[str, str, str]] = ()

    @property
    def row(self) -> dict[str, Any]:
        """What the interpreter answers of it."""
        return {
            "name": self.name,
            "version": "1",
            "requires": list(self.requires),
            "points": [list(point) for point in self.points],
            "top": [],
            "files": {path: len(text) for path, text in self.files.items()},
            "folder": "/nowhere",
            "editable": [],
        }


def inventory(*packages: Package) -> Inventory:
    """Return an inventory of packages that lie nowhere."""
    return of_answer(
        {
            "version": "3.11.7",
            "prefix": "/env",
            "base": "/usr/bin/python",
            "folders": [],
            "markers": MARKERS,
            "standard": ["os", "json"],
            "distributions": [package.row for package in packages],
        }
    )


def environment(folder: Path, *packages: Package) -> Path:
    """Make a virtual environment with packages in it; return its folder."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True, timeout=120)
    site = next(folder.glob("lib/python*/site-packages"))
    for package in packages:
        install(site, package)
    return folder


def install(site: Path, package: Package) -> None:
    """Put a package among the others, as an installer does."""
    about = site / f"{package.name.replace('-', '_')}-1.dist-info"
    about.mkdir()
    lines = ["Metadata-Version: 2.1", f"Name: {package.name}", "Version: 1"]
    lines += [f"Requires-Dist: {each}" for each in package.requires]
    (about / "METADATA").write_text("\n".join((*lines, "")))
    points: dict[str, list[str]] = {}
    for group, name, value in package.points:
        points.setdefault(group, []).append(f"{name} = {value}")
    text = "".join(f"[{group}]\n" + "".join(f"{row}\n" for row in rows) for group, rows in points.items())
    (about / "entry_points.txt").write_text(text)
    for path, content in package.files.items():
        file = site / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)
    names = [*package.files, *(f"{about.name}/{name}" for name in ("METADATA", "entry_points.txt", "RECORD"))]
    (about / "RECORD").write_text("".join(f"{name},,\n" for name in names))
