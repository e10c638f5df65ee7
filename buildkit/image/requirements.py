"""The lists of packages that an image build installs; its dependency layers depend on nothing else."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from buildkit.doors import reading
from buildkit.errors import ConfigurationError

if sys.version_info >= (3, 11):
    import tomllib
else:  # pragma: no cover - one interpreter takes one branch
    import tomli as tomllib

TOOLS = ("cython", "invoke", "tomli")
"""The packages that compiling in a build needs; tomli is for a build with Python before 3.11."""

MYPYC = ("mypy",)
"""The packages that it also needs if modules are compiled by mypyc."""


def read_project(folder: Path) -> Mapping[str, Any]:
    """Return the [project] table of the pyproject.toml in `folder`.

    Raises:
        ConfigurationError: the table cannot be read, or it leaves the dependencies to a build backend.
    """
    file = folder / "pyproject.toml"
    try:
        project: Any = tomllib.loads(reading.read_text(file)).get("project", {})
    except (ValueError, RecursionError) as error:
        raise ConfigurationError(f"{file}: not valid TOML: {error}", hint="mend the file") from None
    except OSError as error:
        raise ConfigurationError(f"{file}: {error.strerror}", hint="mend it, or bring it back") from None
    if not isinstance(project, dict) or not isinstance(project.get("name"), str):
        raise ConfigurationError(
            f"{file}: no [project] table with a name", hint="an image needs it: it names the service and its packages"
        )
    for key in ("dynamic", "dependencies"):
        listed = project.get(key, [])
        if not isinstance(listed, list) or not all(isinstance(each, str) for each in listed):
            raise ConfigurationError(f"{file}: [project] {key} is no list of texts", hint=f'write {key} = ["..."]')
    if "dependencies" in project.get("dynamic", ()):
        raise ConfigurationError(
            f"{file}: [project] leaves its dependencies to the build backend",
            hint="write them as `dependencies = [...]`, so that an image can install them before it has the sources",
        )
    return project


def as_text(requirements: Iterable[str]) -> str:
    """Return a requirements file in which order and spacing do not matter: the same packages give the same bytes.

    The service's own name and version are not in it, so a new version installs nothing again.
    """
    return "".join(f"{line}\n" for line in sorted({" ".join(text.split()) for text in requirements}, key=str.casefold))


def tools_text(more: Iterable[str] = ()) -> str:
    """Return the requirements file of the compile tools and of `more`, in the versions that are installed here."""
    return as_text(f"{name}=={found}" for name in (*TOOLS, *more) if (found := _installed(name)))


def _installed(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
