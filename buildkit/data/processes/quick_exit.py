"""How the process of a piece ends: at once where it has left nothing to clean up, else as every interpreter does.

An interpreter that ends takes itself apart, which takes a forked process longer than all the rest: it writes to every
page that it shares until then. What has to happen even so are the functions of `atexit` and the buffers of open files.
A piece that leaves anything which might have more to do (an object of a class of its own, a thread, a new module) ends
in full.
"""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import gc
import io
import sys
import threading
from collections.abc import Iterator

_HARMLESS = frozenset({"builtins", "pathlib", "pathlib._local", "ctypes", "_thread", "__main__"})
"""Modules of the types whose objects have nothing to do at their end; the last is the server itself."""


class QuickExit:
    """What there was before a piece began; made in the process that pieces are forked from.

    Args:
        source_root: where the modules of the project lie.
        library: that of C, whose own buffers are written as well.
    """

    def __init__(self, source_root: str, library: ctypes.CDLL) -> None:
        self._library = library
        self._prefix = f"{source_root.rstrip('/')}/"
        self._modules = len(sys.modules)
        self._globals = self._values()
        self._streams = [each for each in gc.get_objects() if isinstance(each, io.IOBase)]

    def exit_if_clean(self) -> None:
        """End this process with exit code 0 if nothing is left that would need more; return if there is."""
        if self._is_clean():
            atexit._run_exitfuncs()  # noqa: SLF001 - as `multiprocessing` does
            for stream in (sys.stdout, sys.stderr, *self._streams):
                with contextlib.suppress(OSError, ValueError):
                    if not stream.closed:
                        stream.flush()
            self._library.exit(0)

    def _is_clean(self) -> bool:
        if threading.active_count() > 1 or len(sys.modules) != self._modules or self._values() != self._globals:
            return False
        return {type(each).__module__ for each in gc.get_objects()} <= _HARMLESS  # without those that are frozen

    def _values(self) -> list[tuple[int, ...]]:
        """Return which objects the modules of the project hold."""
        return [tuple(map(id, values)) for values in self._of_project()]

    def _of_project(self) -> Iterator[list[object]]:
        for module in [*sys.modules.values()]:
            if (getattr(module, "__file__", None) or "").startswith(self._prefix):
                yield [*vars(module).values()]
