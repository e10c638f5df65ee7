"""Passes on what a process writes, as it comes, and keeps its last lines."""

from __future__ import annotations

import contextlib
import os
import re
import sys
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from buildkit.dev.hints import Hints

_KEPT = 200
_CODES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b\][^\x07]*\x07|\r(?=\n)")


@dataclass(frozen=True, slots=True)
class Log:
    """Where the words of all processes go.

    Args:
        write: writes bytes.
        hint: called with what helps where a line shows a known error.
        by_lines: whether only whole lines may be written.
    """

    write: Callable[[bytes], object]
    hint: Callable[[str], object]
    by_lines: bool = False


class Journal:
    """What one process writes.

    The process writes to a terminal where this process does, so that it colours its words as it would alone.

    Args:
        log: where it goes.
        prefix: stands before each line; empty where there is one process.
        hints: what helps where a line shows a known error.
    """

    def __init__(self, log: Log, prefix: str = "", hints: Hints | None = None) -> None:
        self._log = log
        self._prefix = prefix.encode()
        self._hints = hints or Hints()
        self._own: re.Pattern[bytes] | None = None
        self._public = b""
        self._lines: deque[str] = deque(maxlen=_KEPT)
        self._rest = b""
        self._changed = threading.Condition()
        self._terminal = sys.__stderr__ is not None and sys.__stderr__.isatty()
        self._reading, self.writing = os.openpty() if self._terminal else os.pipe()
        self._ended = threading.Event()

    def begin(self, port: int, public: int) -> None:
        """Follow the process from now on; it has been started.

        Args:
            port: where it listens; where it says so, the other one is shown, at which it is reached.
            public: that one; 0 if there is none.
        """
        if public:
            self._own = re.compile(rb"((?:127\.0\.0\.1|localhost|0\.0\.0\.0|\[::1?\]|\*):)%d\b" % port)
            self._public = rb"\g<1>%d" % public
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

    def hint(self, words: str) -> None:
        """Say what helps, below its lines."""
        self._log.hint(words)

    def _follow(self) -> None:
        with contextlib.suppress(OSError):  # a terminal ends so
            while piece := os.read(self._reading, 1 << 16):
                self._take(piece)
        if self._rest and (self._prefix or self._log.by_lines):
            self._log.write(self._prefix + self._rest + b"\n")
        os.close(self._reading)
        self._ended.set()

    def _take(self, piece: bytes) -> None:
        if self._own is not None:
            piece = self._own.sub(self._public, piece)
        with self._changed:
            *whole, self._rest = (self._rest + piece).split(b"\n")
            lines = [*map(_text, whole)]
            self._lines.extend(lines)
        if not (self._prefix or self._log.by_lines):
            self._log.write(piece.replace(b"\r\n", b"\n") if self._terminal else piece)
        elif whole:
            self._log.write(b"".join(self._prefix + line.removesuffix(b"\r") + b"\n" for line in whole))
        for line in lines:
            for words in self._hints.of(line):
                self._log.hint(words)


def _text(line: bytes) -> str:
    return _CODES.sub("", line.decode("utf-8", "replace")).rstrip("\r")
