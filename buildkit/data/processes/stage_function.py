"""Imports a stage's callable from its present source, so that the code whose digest is in the key runs.

Python trusts the bytecode beside a source if the source's size and time match, the time in whole seconds. Two texts of
one size under one time are common: an image whose files all bear one date, a checkout, two saves within a second. So
the project's own modules are compiled anew, and no bytecode of them is kept.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable
from importlib.machinery import (
    BYTECODE_SUFFIXES,
    EXTENSION_SUFFIXES,
    SOURCE_SUFFIXES,
    ExtensionFileLoader,
    FileFinder,
    SourceFileLoader,
    SourcelessFileLoader,
)
from typing import Any, NoReturn

NOT_RETURNED = "its process ended with exit code 0 before the function returned; what it had to write may be missing"


def load(source_root: str, target: str) -> Callable[..., object]:
    """Import `target`, as `module:function`, with `source_root` first on the path, and return the function.

    Raises:
        ImportError: there is no such module.
        AttributeError: it has no such function.
    """
    _import_as_written(source_root)
    sys.path.insert(0, source_root)
    module, _, name = target.partition(":")
    function: Callable[..., object] = getattr(importlib.import_module(module), name)
    return function


def call(function: Callable[..., object], *arguments: object, **params: object) -> None:
    """Call the function; `sys.exit(0)` inside it counts as a return.

    A process that ends itself with exit code 0 (`os._exit`, a `STOP` in Fortran, `exit` in C) does not return here, and
    what it had not written yet is lost. So exit code 0 alone does not prove that the function returned.
    """
    try:
        function(*arguments, **params)
    except SystemExit as end:
        if end.code not in {None, 0}:
            raise


class _AsWritten(SourceFileLoader):
    def path_stats(self, path: str) -> NoReturn:  # noqa: ARG002 - the loader's own signature
        """Raise, as if the source had no stat: Python then neither reads nor writes bytecode for it."""
        raise OSError


def _import_as_written(source_root: str) -> None:
    """Have the modules below the source root compiled anew; installed packages that lie there keep their bytecode."""
    root = source_root.rstrip(os.sep)
    installed = tuple(f"{place}{os.sep}" for place in sys.path if place.startswith(root + os.sep))
    finder: Any = FileFinder.path_hook(
        (ExtensionFileLoader, EXTENSION_SUFFIXES),
        (_AsWritten, SOURCE_SUFFIXES),
        (SourcelessFileLoader, BYTECODE_SUFFIXES),
    )

    def hook(path: str) -> Any:  # noqa: ANN401 - what the interpreter takes for a finder
        place = f"{path}{os.sep}"
        if not place.startswith(root + os.sep) or place.startswith(installed):
            raise ImportError(path)
        return finder(path)

    sys.path_hooks.insert(0, hook)
    sys.path_importer_cache.clear()
