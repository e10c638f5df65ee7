"""Tells by its bytecode which text of a module was imported last."""

from __future__ import annotations

import marshal
import struct
import warnings
from collections.abc import Sequence
from importlib.util import MAGIC_NUMBER, cache_from_source
from pathlib import Path

from buildkit.doors import reading

_HEADER = 16
"""Bytes before the code: magic number, flags, time and size of the source (PEP 552)."""
_ALL_BITS = 0xFFFFFFFF


def was_imported(file: Path, former: Sequence[int]) -> bool:
    """Return whether a process has imported another text of a file than the present one, as far as its bytecode says.

    A file that was written, and back to what it was at the next look, may have been imported in between. Whoever did
    so has left its bytecode, unless it was told to write none.

    Args:
        file: the module.
        former: size and time (in nanoseconds) of the file as it was before it was written; empty where there was none.
    """
    try:
        cached = reading.read(Path(cache_from_source(file)), most=reading.TEXT)
        text = reading.read(file, most=reading.TEXT)
        magic, (flags, moment, size) = cached[:4], struct.unpack("<3L", cached[4:_HEADER])
    except (OSError, struct.error, NotImplementedError):
        return False
    known = bool(former) and (size, moment) == (former[0] & _ALL_BITS, former[1] // 10**9 & _ALL_BITS)
    if magic != MAGIC_NUMBER or flags or (known and former[1] // 10**9 != file.stat().st_mtime_ns // 10**9):
        return False  # of another Python, or of the text before
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return bool(marshal.loads(cached[_HEADER:]) != compile(text, str(file), "exec", dont_inherit=True))  # noqa: S302
    except (SyntaxError, ValueError, EOFError, TypeError, RecursionError, MemoryError):
        return True
