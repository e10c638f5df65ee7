"""Ends the process of a piece: at once if there is nothing to clean up, otherwise by the interpreter's full shutdown.

The full shutdown frees all objects, which takes a forked process longer than everything else, since it writes to every
page that it shares until then. The functions of `atexit` and the buffers of open files are taken care of in any case. A
piece that leaves anything which might need more (an object of a class of its own, a thread, a new module) gets the full
shutdown.
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
    """A snapshot of the interpreter before a piece starts, taken in the process that pieces are forked from.

    Args:
        source_root: the folder of the project's modules.
        library: the C library, whose buffers are flushed too.
    """

    def __init__(self, source_root: str, library: ctypes.CDLL) -> None:
        self._library = library
        self._prefix = f"{source_root.rstrip('/')}/"
        self._modules = len(sys.modules)
        self._globals = self._values()
        self._streams = [each for each in gc.get_objects() if isinstance(each, io.IOBase)]

    def exit_if_clean(self) -> None:
        """Exit with code 0 if nothing needs a full shutdown; otherwise return."""
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
        """Return the identities of the objects that the project's modules hold."""
        return [tuple(map(id, values)) for values in self._of_project()]

    def _of_project(self) -> Iterator[list[object]]:
        for module in [*sys.modules.values()]:
            if (getattr(module, "__file__", None) or "").startswith(self._prefix):
                yield [*vars(module).values()]
