"""Passes on what a process writes, as it comes, and keeps its last lines."""

from __future__ import annotations

import contextlib
import os
import re
import sys
import threading
from collections import deque

_KEPT = 200
_CODES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b\][^\x07]*\x07|\r(?=\n)")
_writing = threading.Lock()


class Journal:
    """What one process writes.

    The process writes to a terminal where this process does, so that it colours its words as it would alone.

    Args:
        prefix: stands before each line; empty where there is one process, whose bytes then pass unchanged.
    """

    def __init__(self, prefix: str = "") -> None:
        self._prefix = prefix.encode()
        self._lines: deque[str] = deque(maxlen=_KEPT)
        self._rest = b""
        self._changed = threading.Condition()
        self._terminal = sys.__stderr__ is not None and sys.__stderr__.isatty()
        self._reading, self.writing = os.openpty() if self._terminal else os.pipe()
        self._ended = threading.Event()

    def begin(self) -> None:
        """Follow it from now on; the process has been started."""
        os.close(self.writing)
        threading.Thread(target=self._follow, name="buildkit-journal", daemon=True).start()

    def has(self, text: str) -> bool:
        """Return whether one of its lines has this text."""
        with self._changed:
            return any(text in line for line in self._lines) or text in _text(self._rest)

    def last(self, count: int) -> list[str]:
        """Return its last lines, without colours."""
        self._ended.wait(0.2)  # where it has just ended, its last words are on their way
        with self._changed:
            lines = [*self._lines, *([_text(self._rest)] if self._rest else [])]
        return [line for line in lines if line.strip()][-count:]

    def _follow(self) -> None:
        with contextlib.suppress(OSError):  # a terminal ends so
            while piece := os.read(self._reading, 1 << 16):
                self._take(piece)
        if self._rest and self._prefix:
            _write(self._prefix + self._rest + b"\n")
        os.close(self._reading)
        self._ended.set()

    def _take(self, piece: bytes) -> None:
        with self._changed:
            *whole, self._rest = (self._rest + piece).split(b"\n")
            self._lines.extend(map(_text, whole))
        if not self._prefix:
            _write(piece.replace(b"\r\n", b"\n") if self._terminal else piece)
        elif whole:
            _write(b"".join(self._prefix + line.removesuffix(b"\r") + b"\n" for line in whole))


def _text(line: bytes) -> str:
    return _CODES.sub("", line.decode("utf-8", "replace")).rstrip("\r")


def _write(piece: bytes) -> None:
    """Write to this process's standard error; what cannot be written is lost, as there is nobody to tell."""
    with _writing, contextlib.suppress(OSError, ValueError):
        if sys.__stderr__ is not None:
            sys.__stderr__.flush()
            while piece:
                piece = piece[os.write(sys.__stderr__.fileno(), piece) :]
