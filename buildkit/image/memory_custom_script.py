"""Runs at the start of every Python of a container in which a way to take less memory is tried.

It is put there as `sitecustomize`, and loads the one that it hides. It uses the standard library alone.

    PYBUILDKIT_TRY_LAZY    packages that are loaded when something of them is first asked for, with commas between
    PYBUILDKIT_TRY_FREEZE  what is there before a process forks is kept apart from the collector of garbage
"""

from __future__ import annotations

import contextlib
import gc
import importlib.abc
import importlib.machinery
import importlib.util
import os
import sys
from collections.abc import Sequence
from types import ModuleType


class Lazy(importlib.abc.MetaPathFinder):
    """Finds the named packages as the others on the path do, and loads them late."""

    def __init__(self, names: Sequence[str]) -> None:
        self._names = frozenset(names)

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None = None,
        target: ModuleType | None = None,
    ) -> importlib.machinery.ModuleSpec | None:
        """Return the spec of a named package."""
        if fullname not in self._names:
            return None
        spec = importlib.machinery.PathFinder.find_spec(fullname, path, target)
        if spec is not None and spec.loader is not None and hasattr(spec.loader, "exec_module"):
            spec.loader = importlib.util.LazyLoader(spec.loader)
        return spec


def freeze() -> None:
    """Take all objects out of the collector's sight, so that it does not write beside them in every child."""
    gc.collect()
    gc.freeze()


def main() -> None:
    """Do what the variables say, and load the `sitecustomize` that this one hides."""
    names = [name for name in os.environ.get("PYBUILDKIT_TRY_LAZY", "").split(",") if name]
    if names:
        sys.meta_path.insert(0, Lazy(names))
    if os.environ.get("PYBUILDKIT_TRY_FREEZE"):
        os.register_at_fork(before=freeze)
    here = os.path.dirname(os.path.abspath(__file__))  # noqa: PTH100, PTH120 - a start of Python pays for no more
    sys.path[:] = [each for each in sys.path if os.path.abspath(each or ".") != here]  # noqa: PTH100
    hidden = importlib.machinery.PathFinder.find_spec("sitecustomize")
    if hidden is not None and hidden.loader is not None:
        module = importlib.util.module_from_spec(hidden)
        with contextlib.suppress(ImportError):
            hidden.loader.exec_module(module)


if __name__ == "sitecustomize":
    main()
