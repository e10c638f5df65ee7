"""Imports the modules of mypy and mypyc that the worker uses, set up for the Python that the C is for."""

from __future__ import annotations

import importlib.machinery
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from types import ModuleType
from typing import Any

_IMMORTAL = (3, 12)
"""The Python since which None and small numbers need no counted references: mypyc's C differs there."""


@dataclass(frozen=True)
class MypycInternals:
    """The parts of mypy and mypyc that translate, loaded so that no import of theirs is mistaken for an input."""

    build: Any
    errors: Any
    plugin: Any
    nodes: Any
    fscache: Any
    main: Any
    finder: Any
    emit: Any
    settings: Any
    options: Any
    own_errors: Any
    names: Any
    common: Any


def load(python: tuple[int, int]) -> MypycInternals:
    """Return the parts of mypy and mypyc.

    mypyc asks the Python that it runs on whether there are immortal objects. Where the target Python differs in that,
    the answer is patched, which is possible in mypyc's Python sources only.

    Args:
        python: major and minor version of the Python that the C is for.
    """
    if (sys.version_info >= _IMMORTAL) != (python >= _IMMORTAL):
        sys.meta_path.insert(0, _Sources())
        import_module("mypyc.common").HAVE_IMMORTAL = python >= _IMMORTAL  # type: ignore[attr-defined]
    return MypycInternals(
        build=import_module("mypy.build"),
        errors=import_module("mypy.errors"),
        plugin=import_module("mypy.plugin"),
        nodes=import_module("mypy.nodes"),
        fscache=import_module("mypy.fscache"),
        main=import_module("mypy.main"),
        finder=import_module("mypy.modulefinder"),
        settings=import_module("mypy.options"),
        emit=import_module("mypyc.codegen.emitmodule"),
        options=import_module("mypyc.options"),
        own_errors=import_module("mypyc.errors"),
        names=import_module("mypyc.namegen"),
        common=import_module("mypyc.common"),
    )


class _Sources:
    """Finds the modules of mypy and mypyc in their Python form: compiled and other classes of theirs do not mix."""

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """Return where the module's source lies; the arguments are those of the protocol."""
        del target
        if name.partition(".")[0] not in {"mypy", "mypyc"}:
            return None
        loaders = (importlib.machinery.SourceFileLoader, importlib.machinery.SOURCE_SUFFIXES)
        for folder in path or sys.path:
            spec = importlib.machinery.FileFinder(folder, loaders).find_spec(name)
            if spec is not None:
                return spec
        return None
