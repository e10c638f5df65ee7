"""The lists of packages that an image build installs; its dependency layers depend on nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from buildkit.dependencies.declared import project_table, tables_of

TOOLS = ("cython", "invoke", "tomli")
"""The packages that compiling in a build needs; tomli is for a build with Python before 3.11."""

MYPYC = ("mypy",)
"""The packages that it also needs if modules are compiled by mypyc."""


def read_project(folder: Path) -> Mapping[str, Any]:
    """Return the [project] table of the pyproject.toml in `folder`, or what [tool.poetry] says in its place.

    Raises:
        ConfigurationError: it cannot be read, or has no name.
    """
    return project_table(folder / "pyproject.toml", tables_of(folder))


def as_text(requirements: Iterable[str]) -> str:
    """Return a requirements file in which order and spacing do not matter: the same packages give the same bytes.

    The service's own name and version are not in it, so a new version installs nothing again.
    """
    return "".join(f"{line}\n" for line in sorted({" ".join(text.split()) for text in requirements}, key=str.casefold))


def tools_text(more: Iterable[str] = ()) -> str:
    """Return the requirements file of the compile tools and of `more`, in the versions that are installed here."""
    return as_text(f"{name}=={found}" for name in (*TOOLS, *more) if (found := installed_version(name)))


def installed_version(name: str) -> str | None:
    """Return the version of a package that is installed here; None if it is not."""
    try:
        return version(name)
    except PackageNotFoundError:
        return None
