"""The files of a project that may name a package, and what part of it each is: what runs, tests, tools, or neither."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from buildkit.doors import reading
from buildkit.image.usage.cython_imports import uses_in_cython
from buildkit.image.usage.python_imports import uses_in_python
from buildkit.image.usage.use import Role, Use
from buildkit.model import WORK

_PASSED_OVER = frozenset(
    {
        WORK,
        ".eggs",
        ".git",
        ".hg",
        ".hypothesis",
        ".idea",
        ".mypy_cache",
        ".nox",
        ".pytest_cache",
        ".ruff_cache",
        ".svn",
        ".tox",
        ".vscode",
        "__pycache__",
        "__pypackages__",
        "node_modules",
        "site-packages",
    }
)
_TEST = re.compile(
    r"(^|/)(tests?([_-][^/]*)?|[^/]*[_-]tests?|testing)/|(^|/)(test_[^/]*|[^/]*_test|tests?|conftest|[^/]*pytest_plugin)\.py[xi]?$"
)
_TOOL = re.compile(
    r"^(noxfile|tasks|setup|fabfile|dodo|conftest|manage_dev)\.py$|^(docs?|\.github|\.gitlab|\.circleci|\.ci|benchmarks?)/"
    r"|^(tox\.ini|setup\.cfg|\.pre-commit-config\.ya?ml|mypy\.ini|\.coveragerc|pytest\.ini|ruff\.toml|mkdocs\.ya?ml"
    r"|\.gitlab-ci\.yml|\.travis\.yml|azure-pipelines\.yml|Makefile|justfile|Taskfile\.ya?ml|codecov\.yml|renovate\.json"
    r"|environment\.ya?ml|MANIFEST\.in|\.flake8|\.pylintrc|pyrightconfig\.json|\.readthedocs\.ya?ml)$"
)
_SETTINGS = re.compile(
    r"\.(ya?ml|toml|ini|cfg|conf|json|sh|bash|env|properties|service|tf|nix|fish|procfile)$"
    r"|(^|/)(Procfile[\w.-]*|\.env[\w.-]*|[\w.-]*Dockerfile[\w.-]*|Containerfile[\w.-]*|entrypoint[\w.-]*|alembic\.ini)$"
)
_LOCKED = re.compile(
    r"(^|/)(uv\.lock|poetry\.lock|pdm\.lock|Pipfile(\.lock)?|pylock[\w.]*\.toml|package(-lock)?\.json|[\w.-]*requirements[\w.-]*"
    r"|pnpm-lock\.yaml|composer\.json|tsconfig[\w.]*\.json|CHANGELOG[\w.]*|\.dockerignore|constraints[\w.-]*\.txt)$"
    r"|(^|/)[\w.-]*requirements/"
)
_MOST = 2 << 20
"""Bytes of a source or setting that a person wrote."""


@dataclass(frozen=True, slots=True)
class File:
    """A file of the project.

    Args:
        path: relative to the project, with forward slashes.
        role: `runtime` for what the image holds, `test`, `tool` for what builds and checks, `outside` for the rest.
        text: its content.
    """

    path: str
    role: Role
    text: str

    @property
    def is_source(self) -> bool:
        """Whether it is Python or Cython."""
        return self.path.endswith((".py", ".pyw", ".pyx", ".pxd", ".pxi"))

    def uses(self) -> list[Use]:
        """Return what it names, if it is a source."""
        if self.path.endswith((".py", ".pyw")):
            return uses_in_python(self.text, self.path)
        return uses_in_cython(self.text, self.path) if self.is_source else []


@dataclass(frozen=True, slots=True)
class Held:
    """What of the project the image holds.

    Args:
        folders: folders and files, relative to the project; all of it if one is empty.
    """

    folders: Collection[str]

    def has(self, path: str) -> bool:
        """Return whether the image holds a file."""
        return any(not each or path == each or path.startswith(f"{each}/") for each in self.folders)


def project_files(root: Path, held: Held, data: str) -> Iterator[File]:
    """Yield the sources and settings of a project; virtual environments, caches and locks are passed over.

    Args:
        root: the project's folder.
        held: what the image holds.
        data: the folder of the data, relative to it, which is no source.
    """
    for path in sorted(_walked(root, data)):
        source = path.endswith((".py", ".pyw", ".pyx", ".pxd", ".pxi"))
        if not source and (_LOCKED.search(path) or not _SETTINGS.search(path)):
            continue
        try:
            text = reading.read_text(root / path, errors="replace", most=_MOST)
        except OSError:
            continue
        yield File(path, role_of(path, held), text)


def role_of(path: str, held: Held) -> Role:
    """Return what part of the project a file is."""
    if _TEST.search(path):
        return "test"
    if _TOOL.search(path):
        return "tool"
    return "runtime" if held.has(path) else "outside"


def _walked(root: Path, data: str) -> Iterator[str]:
    waiting = [""]
    while waiting:
        place = waiting.pop()
        try:
            with os.scandir(root / place) as entries:
                found = list(entries)
        except OSError:
            continue
        if place and any(entry.name == "pyvenv.cfg" for entry in found):
            continue
        for entry in found:
            path = f"{place}{entry.name}"
            if entry.is_dir(follow_symlinks=False):
                if entry.name not in _PASSED_OVER and path != data and not entry.name.endswith(".egg-info"):
                    waiting.append(f"{path}/")
            elif entry.is_file():
                yield path


def own_modules(files: Collection[str], roots: Collection[str]) -> frozenset[str]:
    """Return the first names of modules that are the project's own.

    Args:
        files: the project's sources, relative to it.
        roots: folders that are on the path, relative to it: the source root and the project's.
    """
    found = set()
    for path in files:
        folder, _, name = path.rpartition("/")
        beside = name.partition(".")[0]
        for root in roots:
            inner = path.removeprefix(f"{root}/") if root and path.startswith(f"{root}/") else path
            top = inner.partition("/")[0].partition(".")[0]
            found.add(top)
        if folder.rpartition("/")[2].startswith(("test", "script", "tool", "doc", "example", "bench", "bin")):
            found.add(beside)  # a script finds what lies beside it
    return frozenset(found)


def with_imported(held: Held, files: Collection[File], uses: Mapping[str, Collection[Use]], root: str) -> Held:
    """Return what is held, with modules beside the packages that what is held imports: they run with it.

    Args:
        held: what is held by its place.
        files: the project's files.
        uses: what each of them names, by its path.
        root: the source root, relative to the project.
    """
    start = "" if root == "." else f"{root}/"
    beside = {file.path.removeprefix(start).partition(".")[0]: file.path for file in files if _is_beside(file, start)}
    imported = {
        use.name.partition(".")[0]
        for file in files
        if file.role == "runtime" and file.is_source
        for use in uses[file.path]
        if use.kind in {"import", "optional"}
    }
    found = [beside[name] for name in sorted(imported & beside.keys()) if not held.has(beside[name])]
    return Held([*held.folders, *found]) if found else held


def _is_beside(file: File, start: str) -> bool:
    inner = file.path.removeprefix(start)
    return file.path.startswith(start) and "/" not in inner and file.path.endswith(".py") and file.role == "outside"
