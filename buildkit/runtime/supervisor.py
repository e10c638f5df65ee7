"""Process 1 while another process runs beside the service: forwards signals, reaps orphans, returns the exit code."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Callable, Sequence
from types import FrameType

from buildkit.doors import process

_FORWARDED = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2)
_STOP = 120
"""Seconds that a service may take to stop: the most that a platform allows (Fargate's stopTimeout)."""

_PATIENCE = 8
"""Seconds to stop for a service whose companion failed; docker gives ten."""

_NO_PROGRAM = 127

END = "END"
"""The answer of `ended` that has the service stopped."""

Say = Callable[[str], None]


def supervise(service: Sequence[str], beside: Sequence[str], say: Say, ended: Callable[[bool], str]) -> int:
    """Run both commands and return the exit code of the service; `beside` may end before it, successfully or not.

    If `beside` cannot be started, or `ended` returns `END`, the service is stopped and the exit code is that of
    `beside`.

    Args:
        service: the command of the service.
        beside: the command that runs next to it, such as a renewal of the data.
        say: called with each log line.
        ended: called once with whether `beside` succeeded; returns the name of the signal to send to the service, such
            as `HUP`; empty for none, `END` to stop it.

    Raises:
        FileNotFoundError: the service's program does not exist.
    """
    forwarder = _Forwarder(say)
    child = process.start(service)
    forwarder.aim(child.pid)
    code: int | None = None
    try:
        companion = process.start(beside)
    except OSError as error:
        say(f"cannot start {beside[0]}: {error.strerror}: stopping the service")
        process.end(child, _PATIENCE)
        return _NO_PROGRAM
    while child.returncode is None:
        pid, status = os.waitpid(-1, 0)  # also processes that lost their parent: process 1 inherits them
        if pid == child.pid:
            forwarder.aim(None)
            child.returncode = os.waitstatus_to_exitcode(status)
        elif pid == companion.pid:
            companion.returncode = os.waitstatus_to_exitcode(status)
            telling = ended(companion.returncode == 0)
            if telling == END:
                code = _as_code(companion.returncode)
                say("stopping the service")
                _send(child.pid, signal.SIGTERM)
                forwarder.hurry(_PATIENCE)
            elif telling:
                say(f"telling the service by SIG{telling}")
                _send(child.pid, signal.Signals[f"SIG{telling}"])
    if companion.returncode is None:
        process.end(companion)
    return _as_code(child.returncode) if code is None else code


def _as_code(status: int) -> int:
    return status if status >= 0 else 128 - status


class _Forwarder:
    """Forwards signals to the service; those that come before it has started are kept for it."""

    def __init__(self, say: Say) -> None:
        self._say = say
        self._target: int | None = None
        self._patience = _STOP
        self._waiting: list[int] = []
        for number in _FORWARDED:
            signal.signal(number, self._forward)
        signal.signal(signal.SIGALRM, self._run_out)

    def aim(self, target: int | None) -> None:
        """Forward to the process `target` from now on; to no process if None."""
        self._target = target
        while target is not None and self._waiting:
            _send(target, self._waiting.pop(0))

    def hurry(self, seconds: int) -> None:
        """Kill the service if it is still there after so many seconds."""
        self._patience = seconds
        signal.alarm(seconds)

    def _forward(self, number: int, _: FrameType | None) -> None:
        if number in {signal.SIGTERM, signal.SIGINT}:
            self.hurry(_STOP)
        if self._target is None:
            self._waiting.append(number)
        else:
            _send(self._target, number)

    def _run_out(self, _: int, __: FrameType | None) -> None:
        if self._target is not None:
            self._say(f"the service did not stop within {self._patience} s: killing it")
            _send(self._target, signal.SIGKILL)


def _send(target: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(target, number)
