"""The terminal under `invoke dev`: the log above, and one line of status below it that stays.

Where there is no terminal the log passes through as it is, and there is no line.
"""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import sys
import textwrap
import threading
from collections.abc import Mapping
from typing import TextIO

_ERASE = b"\r\x1b[J"
_DIM, _PLAIN = "\x1b[2m", "\x1b[0m"
_CLEAR = b"\x1b[H\x1b[2J\x1b[3J"
_ALMOST = 1
"""Columns that stay free, so that no terminal wraps the line."""


class Screen:
    """The terminal, or what stands in its place.

    Args:
        environment: `TERM` and `NO_COLOR` are read from it.
        stream: where everything goes; standard error if None.
    """

    def __init__(self, environment: Mapping[str, str], stream: TextIO | None = None) -> None:
        self._stream = stream or sys.__stderr__
        self._lock = threading.RLock()
        self._line = ""
        self._coloured = "NO_COLOR" not in environment
        terminal = self._stream is not None and self._stream.isatty()
        self.has_line = terminal and environment.get("TERM") not in {None, "", "dumb"}
        """Whether there is a line of status."""
        self.text = _Text(self)
        """The same as a stream of text."""

    def write(self, piece: bytes) -> None:
        """Write to the log; with a line of status below, only whole lines. What cannot be written is lost."""
        with self._lock:
            self._put(_ERASE + piece + self._drawn() if self._line else piece)

    def show(self, line: str) -> None:
        """Show this line of status; an empty one for none."""
        with self._lock:
            if self.has_line and line != self._line:
                erase = _ERASE if self._line or line else b""
                self._line = line
                self._put(erase + self._drawn())

    def clear(self) -> None:
        """Forget what is shown of the log."""
        with self._lock:
            if self.has_line:
                self._put(_CLEAR + self._drawn())

    def redraw(self) -> None:
        """Show the line of status again, after something else had the terminal."""
        with self._lock:
            if self._line:
                self._put(_ERASE + self._drawn())

    @property
    def room(self) -> int:
        """The columns that a line of status may have."""
        return shutil.get_terminal_size().columns - _ALMOST

    def _drawn(self) -> bytes:
        if not self._line:
            return b""
        room = self.room
        line = self._line if len(self._line) <= room else self._line[: room - 1] + "…"
        return (f"{_DIM}{line}{_PLAIN}" if self._coloured else line).encode(self._encoding, "replace")

    @property
    def _encoding(self) -> str:
        return getattr(self._stream, "encoding", None) or "utf-8"

    def _put(self, piece: bytes) -> None:
        with contextlib.suppress(OSError, ValueError):
            if self._stream is not None:
                self._stream.flush()
                descriptor = self._stream.fileno()
                while piece:
                    piece = piece[os.write(descriptor, piece) :]


class _Text(io.StringIO):
    """A stream of text that writes to the log."""

    def __init__(self, screen: Screen) -> None:
        super().__init__()
        self._screen = screen
        self._begun = ""

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """The encoding of the terminal."""
        return self._screen._encoding  # noqa: SLF001 - one piece with it

    def write(self, text: str) -> int:
        """Write whole lines; the rest waits for its end."""
        whole, end, self._begun = (self._begun + text).rpartition("\n")
        if end:
            if self._screen.has_line:
                whole = "\n".join(map(_broken, whole.split("\n")))
            self._screen.write(f"{whole}\n".encode(self.encoding, "replace"))
        return len(text)

    def isatty(self) -> bool:
        """Return whether it is a terminal."""
        stream = self._screen._stream  # noqa: SLF001
        return stream is not None and stream.isatty()


def _broken(line: str) -> str:
    """Return a line broken at blanks where the terminal would break words; what is set in, such as code, stays."""
    columns = shutil.get_terminal_size().columns
    if len(line) <= columns or line[:1].isspace() or "\x1b" in line:
        return line
    pieces = textwrap.wrap(line, columns, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False)
    return "\n".join(pieces)
