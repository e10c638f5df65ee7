"""Reads a child's output to its end, within limits of time and size; does not wait for processes that it leaves."""

from __future__ import annotations

import contextlib
import errno
import os
import selectors
import subprocess
import time
from typing import Any

LINGER = 1.0
"""Seconds for which output is still read after its process has ended, if another process holds it open."""

MOST = 256 << 20
"""The most bytes of output that are read."""

_TICK = 0.1
_PART = 1 << 16
_MOUTHFUL = 1 << 12


def communicate(child: subprocess.Popen[str], words: str | None, timeout: float | None) -> tuple[str, str]:
    """Return the child's stdout and stderr, once it has ended.

    If another process still holds them open then, they are read for `LINGER` seconds more.

    Args:
        child: it has pipes for all three.
        words: the text for its standard input.
        timeout: seconds; None for as long as it takes.

    Raises:
        TimeoutError: it did not end in time.
        OSError: it wrote more than `MOST` bytes.
    """
    communication = _Communication(child, words, timeout)
    with communication.selector:
        while communication.goes_on():
            communication.turn()
    try:
        child.wait(communication.left())
    except subprocess.TimeoutExpired:
        raise communication.late() from None
    for stream in (child.stdin, child.stdout, child.stderr):
        if stream is not None and not stream.closed:
            stream.close()
    return communication.text("out"), communication.text("err")


class _Communication:
    """The state of one communication with a child."""

    def __init__(self, child: subprocess.Popen[str], words: str | None, timeout: float | None) -> None:
        self._child = child
        self._timeout = timeout
        self._deadline = None if timeout is None else time.monotonic() + timeout
        self._words = memoryview((words or "").encode("utf-8", "surrogateescape"))
        self._heard: dict[str, list[bytes]] = {"out": [], "err": []}
        self._room = MOST
        self._ended: float | None = None
        self.selector = selectors.DefaultSelector()
        streams = {"out": child.stdout, "err": child.stderr, "in": child.stdin}
        for name, stream in streams.items():
            assert stream is not None  # noqa: S101 - it was started with pipes
            os.set_blocking(stream.fileno(), False)
            event = selectors.EVENT_WRITE if name == "in" else selectors.EVENT_READ
            if name != "in" or self._words:
                self.selector.register(stream, event, name)
            else:
                stream.close()

    def goes_on(self) -> bool:
        """Return whether anything is still to be heard or said; one that has ended itself is not waited for long."""
        if not self.selector.get_map():
            return False
        now = time.monotonic()
        if self._deadline is not None and now >= self._deadline:
            raise self.late()
        if self._child.poll() is not None:
            self._ended = self._ended or now
            return now - self._ended < LINGER
        return True

    def turn(self) -> None:
        """Read and write what is possible without blocking."""
        for key, _ in self.selector.select(_TICK):
            if self._say(key.fileobj) if key.data == "in" else self._listen(key):
                self.selector.unregister(key.fileobj)
                with contextlib.suppress(BrokenPipeError):
                    key.fileobj.close()  # type: ignore[union-attr] # a stream of the child's
        if self._room < 0:
            raise OSError(errno.EFBIG, f"said more than {MOST >> 20} MB", self._program)

    def _listen(self, key: selectors.SelectorKey) -> bool:
        part = os.read(key.fd, _PART)
        self._heard[key.data].append(part)
        self._room -= len(part)
        return not part

    def _say(self, stream: Any) -> bool:  # noqa: ANN401 - of a selector's key
        try:
            self._words = self._words[os.write(stream.fileno(), self._words[:_MOUTHFUL]) :]
        except BrokenPipeError:
            return True
        except BlockingIOError:
            return False
        return not self._words

    def left(self) -> float | None:
        """Return the seconds that are left; None where there is no limit."""
        return None if self._deadline is None else max(0.0, self._deadline - time.monotonic())

    def late(self) -> TimeoutError:
        """Return the error for one that takes too long."""
        return TimeoutError(errno.ETIMEDOUT, f"no answer within {self._timeout:g} s", self._program)

    def text(self, name: str) -> str:
        """Return what was heard."""
        text = b"".join(self._heard[name]).decode("utf-8", "surrogateescape")  # names of files may be no UTF-8
        return text.replace("\r\n", "\n").replace("\r", "\n")

    @property
    def _program(self) -> str:
        words = self._child.args
        return str(words[0] if isinstance(words, (list, tuple)) else words)
