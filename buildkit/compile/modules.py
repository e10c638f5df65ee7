"""Which modules there are, and how each is to be compiled."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from buildkit.config import Config
from buildkit.errors import ConfigurationError
from buildkit.model import Reason

_KEPT = {
    "__init__": Reason("a package's __init__ sets __path__ and __file__"),
    "__main__": Reason("python -m needs its code object"),
}
_SKIPPED_FOLDERS = frozenset({"__pycache__", "node_modules"})

PURE_PYTHON_DIRECTIVES: Mapping[str, Any] = {"annotation_typing": False}
"""Annotations of plain Python are documentation: they must not change what a compiled module accepts."""


@dataclass(frozen=True, slots=True)
class Module:
    """One module that is compiled.

    Args:
        name: its dotted name.
        source: its file, relative to the source root, with forward slashes.
        backend: `cython` or `mypyc`.
        directives: Cython directives, complete.
        flags: further flags of the C compiler.
    """

    name: str
    source: str
    backend: str
    directives: Mapping[str, Any]
    flags: tuple[str, ...]

    @property
    def folder(self) -> str:
        """The folder of its file, relative to the source root."""
        return self.source.rpartition("/")[0]


@dataclass(frozen=True, slots=True)
class Modules:
    """All modules of the project.

    Args:
        compiled: those to compile, by name.
        kept: those that stay Python, by name, each with its reason; a package's `__init__` is not listed.
        looked: every place that was looked at for them: what comes or goes there may be a module.
    """

    compiled: Mapping[str, Module]
    kept: Mapping[str, Reason]
    looked: frozenset[str]


def find_modules(config: Config) -> Modules:
    """Return the modules of the configured packages.

    Raises:
        ConfigurationError: a backend that this version does not have.
    """
    compiled: dict[str, Module] = {}
    kept: dict[str, Reason] = {}
    looked: set[str] = set()
    for source in dict.fromkeys(_sources(config, looked)):
        name = source.rsplit(".", 1)[0].replace("/", ".")
        stem = name.rsplit(".", 1)[-1]
        if stem == "__init__":
            continue
        if stem in _KEPT:
            kept[name] = _KEPT[stem]
            continue
        pattern = next((glob for glob in config.exclude if fnmatchcase(source, glob)), None)
        if pattern is not None:
            kept[name] = Reason("excluded", pattern)
            continue
        module = _module(config, name, source)
        if module.backend == "none":
            kept[name] = Reason("backend none")
        else:
            compiled[name] = module  # of two sources the .pyx comes last and wins: the .py is what runs uncompiled
    kept = {name: reason for name, reason in kept.items() if name not in compiled}
    return Modules(compiled, kept, frozenset(looked))


def _module(config: Config, name: str, source: str) -> Module:
    backend, flags = config.backend, config.compile.flags
    directives = dict(PURE_PYTHON_DIRECTIVES) if source.endswith(".py") else {}
    directives.update(config.compile.directives)
    for pattern, settings in config.compile.module.items():
        if fnmatchcase(name, pattern):
            backend = settings.backend or backend
            directives.update(settings.directives)
            flags = (*flags, *settings.flags)
    if backend == "mypyc":
        raise ConfigurationError(
            f"{name}: the mypyc backend is not part of this version", hint='use backend = "cython" or "none"'
        )
    return Module(name, source, backend, directives, tuple(flags))


def _sources(config: Config, looked: set[str]) -> Iterator[str]:
    """Yield the source files of the packages relative to the source root, sorted; add to `looked` where that was."""
    root = config.source
    for package in config.packages or _top_level(root, looked):
        place = package.replace(".", "/")
        looked.add(os.path.dirname(f"{root}/{place}"))  # noqa: PTH120 - a text in, a text out
        if (root / place).is_dir():
            yield from sorted(_walk(str(root), place, looked))
        else:
            yield from (f"{place}{ending}" for ending in (".py", ".pyx") if (root / f"{place}{ending}").is_file())


def _top_level(root: Path, looked: set[str]) -> Iterable[str]:
    folders = [entry for entry in root.iterdir() if entry.name.isidentifier()]
    looked |= {str(root), *(f"{folder}/__init__.py" for folder in folders)}
    return sorted(folder.name for folder in folders if (folder / "__init__.py").exists())


def _walk(root: str, place: str, looked: set[str], links: frozenset[str] = frozenset()) -> Iterator[str]:
    """Yield the sources below `place`, unsorted.

    Args:
        root: the source root.
        place: a folder, relative to it.
        looked: is added to: every folder, and every link, since what it leads to can come and go without a trace in
            its own folder.
        links: where the links on the way led to; one that leads back is not followed.
    """
    looked.add(f"{root}/{place}")
    with os.scandir(f"{root}/{place}") as entries:
        for entry in entries:
            name = entry.name
            if entry.is_symlink():
                looked.add(entry.path)
            if name.endswith((".py", ".pyx")):
                if name.rsplit(".", 1)[0].isidentifier() and entry.is_file():
                    yield f"{place}/{name}"
            elif "." not in name and name not in _SKIPPED_FOLDERS and name.isidentifier() and entry.is_dir():
                target = os.path.realpath(entry.path) if entry.is_symlink() else ""
                if target in links or (target and Path(f"{root}/{place}").resolve().is_relative_to(target)):
                    continue
                yield from _walk(root, f"{place}/{name}", looked, links | {target} if target else links)
