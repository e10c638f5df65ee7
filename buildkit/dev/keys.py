"""The keys that are pressed while the loop runs, one by one, where standard input is a terminal of ours.

A terminal gives whole lines, and shows what is typed. Both are switched off while the loop runs; signals stay as they
are. A process that was suspended finds the terminal as the shell left it, so that it is switched again.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import sys
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any


class Keys:
    """The keys of one terminal; none where standard input is no terminal."""

    def __init__(self) -> None:
        self._descriptor = -1
        self._before: list[Any] = []
        self.continued = False
        """Whether this process was suspended and goes on, since this was last set to False."""

    def pressed(self) -> str:
        """Return the keys that were pressed since the last call."""
        if self._descriptor < 0 or not select.select([self._descriptor], [], [], 0)[0] or not self._is_ours():
            return ""
        with contextlib.suppress(OSError):
            return os.read(self._descriptor, 64).decode("utf-8", "replace")
        return ""

    @contextlib.contextmanager
    def read(self) -> Iterator[Keys]:
        """Read keys one by one within the block; the terminal is as it was afterwards."""
        if not self._open():
            yield self
            return
        before: Callable[[int, FrameType | None], Any] | int | None = signal.getsignal(signal.SIGCONT)
        signal.signal(signal.SIGCONT, self._go_on)
        try:
            self._switch()
            yield self
        finally:
            signal.signal(signal.SIGCONT, before)
            self._switch_back()

    def _open(self) -> bool:
        try:
            import termios  # noqa: PLC0415 - not on every system
        except ImportError:
            return False
        try:
            self._descriptor = sys.__stdin__.fileno() if sys.__stdin__ is not None else -1
            self._before = termios.tcgetattr(self._descriptor)
        except (OSError, ValueError, termios.error):  # closed, or no terminal
            self._descriptor = -1
        return self._descriptor >= 0

    def _is_ours(self) -> bool:
        """Return whether this process is in the foreground: another one would be stopped for reading."""
        try:
            return os.tcgetpgrp(self._descriptor) == os.getpgrp()
        except OSError:
            return False

    def _switch(self) -> None:
        import termios  # noqa: PLC0415

        if self._is_ours():
            mode = termios.tcgetattr(self._descriptor)
            mode[3] &= ~(termios.ICANON | termios.ECHO)
            with contextlib.suppress(termios.error):
                termios.tcsetattr(self._descriptor, termios.TCSANOW, mode)

    def _switch_back(self) -> None:
        import termios  # noqa: PLC0415

        if self._is_ours():
            with contextlib.suppress(termios.error):
                termios.tcsetattr(self._descriptor, termios.TCSANOW, self._before)

    def _go_on(self, _number: int, _frame: FrameType | None) -> None:
        self.continued = True
        self._switch()
