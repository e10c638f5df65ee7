"""A project of three modules for mypyc, one with a generic base class of another, and what a build of it left."""

from __future__ import annotations

import sysconfig
from pathlib import Path

from plugins.built import BuildOnce
from test_nox import pythons  # noqa: F401 - a fixture

SUFFIX = sysconfig.get_config_var("EXT_SUFFIX")

SETTINGS = '[project]\nname = "app"\nversion = "1"\n[tool.buildkit]\npackages = ["app"]\nbackend = "mypyc"\n'

SHAPES = """\
from typing import Generic, TypeVar

Kind = TypeVar("Kind")


class Shape(Generic[Kind]):
    def __init__(self, name: str) -> None:
        self.name = name

    def area(self) -> float:
        return 0.0
"""

SQUARE = """\
from app.shapes import Shape


class Square(Shape[int]):
    def __init__(self, side: float) -> None:
        super().__init__("square")
        self.side = side

    def area(self) -> float:
        return self.side * self.side


def describe(shape: Shape[int]) -> str:
    return f"{shape.name} {shape.area():.0f}"
"""

PLAIN = "def double(value: int) -> int:\n    return 2 * value\n"

PROJECT = {
    "pyproject.toml": SETTINGS,
    "src/app/__init__.py": "",
    "src/app/shapes.py": SHAPES,
    "src/app/square.py": SQUARE,
    "src/app/plain.py": PLAIN,
}

USE = "import app.plain, app.square as s; print(app.plain.double(4), s.describe(s.Square(3)), app.plain.__file__[-3:])"


def natives(root: Path) -> dict[str, bytes]:
    """Return the content of each library below src/, by its path."""
    return {path.relative_to(root / "src").as_posix(): path.read_bytes() for path in (root / "src").rglob(f"*{SUFFIX}")}


def names(root: Path) -> set[str]:
    """Return the paths of the libraries, without the suffix."""
    return {name.removesuffix(SUFFIX) for name in natives(root)}


def from_nothing(root: Path, build_once: BuildOnce, *flags: str) -> dict[str, bytes]:
    """Return what a build without any memory makes of the same sources, elsewhere."""
    files = {path.relative_to(root): path for path in root.rglob("*") if path.is_file() and path.suffix != ".so"}
    left = {".buildkit", "__pycache__"}  # by builds and runs
    sources = {str(name): path.read_bytes() for name, path in files.items() if not left & {*name.parts}}
    return natives(build_once(sources, *flags).root)
