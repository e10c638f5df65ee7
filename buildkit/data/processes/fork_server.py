"""Runs the pieces of one stage, each in a process of its own that is forked from a warm one.

    python -m buildkit.data.processes.fork_server ORDERS EVENTS           two descriptors

The callable is imported once; every piece starts from there in a millisecond, and what it changes in its process is not
seen by the next. `ORDERS` carries JSON lines, first the settings, then one for each piece; when it ends, all pieces
end. `EVENTS` carries the answers: `["began", N, PID]`, `["line", N, TEXT]`, `["ended", N, EXIT CODE, SECONDS]`.

A process that forks should have one thread, so everything is done in one loop here.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import json
import os
import select
import signal
import sys
import time
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path

from buildkit.data.processes import stage_function
from buildkit.data.processes.quick_exit import QuickExit

_BLOCK = 1 << 16
_LONGEST = 1 << 16
"""Bytes after which a line is passed on without its end."""

_GRACE = 0.5
"""Seconds between asking the pieces to end and killing them; the parent gives this process one second."""

_PR_SET_PDEATHSIG = 1
_NEVER_STARTED = 1
_NOT_RETURNED = 1
_DIGITS = 12
"""Bytes in which a piece says its number."""


@dataclass(frozen=True, slots=True)
class Order:
    """One piece: its number, the path of its item, the folder that it writes into."""

    number: int
    item: str
    out: str


@dataclass(slots=True)
class _Running:
    """A piece that runs; `listening` is None once it has closed its output."""

    number: int
    pid: int
    listening: int | None
    began: float
    rest: bytearray = field(default_factory=bytearray)


class ForkServer:
    """The fork server: starts a process for each ordered piece and reports how it ends.

    Args:
        orders: the descriptor that orders are read from.
        events: the descriptor that events are written to.
        jobs: how many run at once.
        text: the part of the orders that has been read already.
        calls: True if a piece calls the function and reports its return; False if it runs a program.

    A piece writes its number into the descriptor `saying` once its call has returned.
    """

    def __init__(self, orders: int, events: int, jobs: int, text: bytes, *, calls: bool) -> None:
        self._orders = orders
        self._events = events
        self._jobs = jobs
        self._text = text
        self._waiting: deque[Order] = deque()
        self._running: dict[int, _Running] = {}
        self._ended = False
        self._calls = calls
        self._returned: set[int] = set()
        self._hearing, self.saying = os.pipe()
        os.set_blocking(self._hearing, False)
        self._woken, self._waker = os.pipe()
        for descriptor in (self._woken, self._waker):
            os.set_blocking(descriptor, False)
        signal.set_wakeup_fd(self._waker, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGTERM, self._end)

    def serve(self) -> Order | None:
        """Run the ordered pieces until the orders end; return None, or in the process of a piece its order."""
        self._take(b"")
        while not self._ended:
            while self._waiting and len(self._running) < self._jobs:
                order = self._waiting.popleft()
                if self._begin(order):
                    return order
            self._wait()
        self._end_all()
        return None

    def _end(self, *_: object) -> None:
        self._ended = True

    def _wait(self, seconds: float | None = None) -> None:
        poll = select.poll()
        outputs = {each.listening: each for each in self._running.values() if each.listening is not None}
        for descriptor in (self._woken, *([] if self._ended else [self._orders]), *outputs):
            poll.register(descriptor, select.POLLIN)
        for descriptor, _ in poll.poll(None if seconds is None else max(seconds, 0) * 1000):
            if descriptor in outputs:
                self._listen(outputs[descriptor])
            elif descriptor == self._orders:
                block = os.read(self._orders, _BLOCK)
                self._ended = self._ended or not block
                self._take(block)
            else:
                with contextlib.suppress(BlockingIOError):
                    os.read(self._woken, _BLOCK)
        self._reap()

    def _take(self, block: bytes) -> None:
        *lines, self._text = (self._text + block).split(b"\n")
        self._waiting += [Order(*json.loads(line)) for line in lines]

    def _begin(self, order: Order) -> bool:
        """Fork for a piece; return whether this is its process."""
        listening, speaking = os.pipe()
        try:
            pid = os.fork()
        except OSError as error:
            os.close(listening)
            os.close(speaking)
            self._tell("line", order.number, f"there is no process for it: {error.strerror}")
            self._tell("ended", order.number, _NEVER_STARTED, 0.0)
            return False
        if not pid:
            self._become_piece(listening, speaking)
            return True
        with contextlib.suppress(OSError):  # the child does it too: whoever comes first
            os.setpgid(pid, pid)
        os.close(speaking)
        os.set_blocking(listening, False)
        self._running[pid] = _Running(order.number, pid, listening, time.monotonic())
        self._tell("began", order.number, pid)
        return False

    def _become_piece(self, listening: int, speaking: int) -> None:
        """Close the server's descriptors, and redirect the piece's output into its pipe."""
        os.setpgid(0, 0)
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGCHLD, signal.SIGTERM):
            signal.signal(number, signal.SIG_DFL)
        mine = (self._orders, self._events, self._woken, self._waker, self._hearing, listening)
        others = [each.listening for each in self._running.values() if each.listening is not None]
        for descriptor in (*mine, *others):
            os.close(descriptor)
        for standard in (1, 2):
            os.dup2(speaking, standard)
        os.close(speaking)

    def _listen(self, piece: _Running) -> bool:
        """Pass on what a piece has printed so far, line by line; return whether there may be more."""
        if piece.listening is None:
            return False
        try:
            block = os.read(piece.listening, _BLOCK)
        except BlockingIOError:
            return False
        if not block:
            os.close(piece.listening)
            piece.listening = None
        *lines, rest = (piece.rest + block).split(b"\n")
        if len(rest) > _LONGEST or (not block and rest):
            lines.append(rest)
            rest = bytearray()
        piece.rest = rest
        for line in lines:
            self._tell("line", piece.number, line.decode("utf-8", "replace"))
        return bool(block)

    def _reap(self) -> None:
        """Report the pieces that have ended, and end the processes that they left running."""
        while self._running:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if not pid:
                return
            piece = self._running.pop(pid, None)
            if piece is None:
                continue
            _signal(pid, signal.SIGKILL)
            while self._listen(piece):
                pass
            if piece.listening is not None:
                if piece.rest:
                    self._tell("line", piece.number, piece.rest.decode("utf-8", "replace"))
                os.close(piece.listening)
            seconds = time.monotonic() - piece.began
            self._tell("ended", piece.number, self._exit_code(piece.number, status), round(seconds, 3))

    def _exit_code(self, number: int, status: int) -> int:
        """Return a piece's exit code; one that ended before its call returned has failed, even with code 0."""
        exit_code = os.waitstatus_to_exitcode(status)
        with contextlib.suppress(BlockingIOError):
            while block := os.read(self._hearing, _BLOCK - _BLOCK % _DIGITS):
                self._returned |= {int(block[at : at + _DIGITS]) for at in range(0, len(block), _DIGITS)}
        if exit_code or not self._calls or number in self._returned:
            self._returned.discard(number)
            return exit_code
        self._tell("line", number, stage_function.NOT_RETURNED)
        return _NOT_RETURNED

    def _end_all(self) -> None:
        """Ask all pieces to end, and kill those that do not."""
        for pid in self._running:
            _signal(pid, signal.SIGTERM)
        deadline = time.monotonic() + _GRACE
        while self._running and (left := deadline - time.monotonic()) > 0:
            self._wait(left)
        for pid in self._running:
            _signal(pid, signal.SIGKILL)
        for pid in self._running:
            os.waitpid(pid, 0)

    def _tell(self, *event: object) -> None:
        data = json.dumps(event).encode() + b"\n"
        try:
            while data:
                data = data[os.write(self._events, data) :]
        except BrokenPipeError:  # the reader of the events has gone
            self._ended = True


def main(orders: int, events: int) -> None:
    """Read the settings, import the callable, and run pieces; return in the process of each of them as well."""
    for descriptor in (orders, events):
        os.set_inheritable(descriptor, False)
    text = b""
    while b"\n" not in text:
        block = os.read(orders, _BLOCK)
        if not block:
            return
        text += block
    line, _, text = text.partition(b"\n")
    settings = json.loads(line)
    run = settings["run"]
    function = stage_function.load(settings["source_root"], run) if isinstance(run, str) else None
    server, library = os.getpid(), ctypes.CDLL(None)
    leaving = QuickExit(settings["source_root"], library)
    gc.freeze()  # what is there by now is shared by all pieces: a collection in one of them would copy it
    head = ForkServer(orders, events, settings["jobs"], text, calls=function is not None)
    saying, order = head.saying, head.serve()
    del head  # a piece that holds it has something to clean up, and does not end at once
    if order is None:
        return
    os.environ["PYBUILDKIT_DATA_ITEM"] = order.item
    os.environ["PYBUILDKIT_DATA_OUT"] = order.out
    _limit(settings["memory"])
    _end_with(server, library)
    if function is None:
        os.execvp(run[0], run)  # noqa: S606 - the command of the stage
    try:
        stage_function.call(function, Path(order.item), Path(order.out), **settings["params"])
        os.write(saying, b"%0*d" % (_DIGITS, order.number))
        leaving.exit_if_clean()
    finally:
        gc.unfreeze()  # else what the module still holds open would not be written to its end


def _limit(memory: int) -> None:
    """Limit the process's own memory to so many bytes; a request beyond that is refused (`MemoryError`)."""
    if memory:
        import resource  # noqa: PLC0415 - where there is a limit

        _, most = resource.getrlimit(resource.RLIMIT_DATA)
        allowed = memory if most == resource.RLIM_INFINITY else min(memory, most)
        resource.setrlimit(resource.RLIMIT_DATA, (allowed, allowed))


def _end_with(server: int, library: ctypes.CDLL) -> None:
    """Have the kernel end this process if the server is killed; otherwise the server ends it."""
    with contextlib.suppress(AttributeError):  # not Linux
        library.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != server:
        os.kill(os.getpid(), signal.SIGKILL)


def _signal(group: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
