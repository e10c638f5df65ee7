"""Process 1 of a container in which nothing runs beside the service. A program of its own, not imported.

    python -I -S init.py COMMAND…

Process 1 becomes the parent of every process that loses its own, and has to reap each that ends. A service does not
know that it is process 1, so this small program stays in its place: it starts the service, forwards every signal, reaps
processes that end, and exits with the service's exit code, or with 128 plus the signal that ended it.

The caller blocks all signals before it executes this program, so that none is lost in between.
"""

# ruff: noqa: SIM105 - contextlib takes longer to import than the rest of this program takes to run

from __future__ import annotations

import os
import signal
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

_NO_PROGRAM = 127
_OWN = {
    signal.SIGKILL,
    signal.SIGSTOP,
    signal.SIGSEGV,
    signal.SIGFPE,
    signal.SIGILL,
    signal.SIGBUS,
    signal.SIGTRAP,
    signal.SIGABRT,
    signal.SIGSYS,
}
"""Signals that are not forwarded: the kernel handles them, or they concern this program itself."""


def main(command: Sequence[str]) -> int:
    """Run the command to its end and return the exit code to leave with."""
    heard = signal.valid_signals() - _OWN
    signal.pthread_sigmask(signal.SIG_BLOCK, heard)
    service = os.fork()
    if not service:
        _become(command)
    while True:
        number = signal.sigwait(heard)
        if number != signal.SIGCHLD:
            _hand_on(service, number)
            continue
        status = _reap(service)
        if status is not None:
            return os.WEXITSTATUS(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status)


def _become(command: Sequence[str]) -> None:
    """Become the service, with the default handling of signals."""
    for number in (signal.SIGPIPE, signal.SIGXFSZ):  # Python ignores them, and what is ignored is inherited
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    try:
        os.execvp(command[0], list(command))  # noqa: S606 - the image's own command; no shell
    except OSError as error:
        os.write(2, f"buildkit: cannot start {command[0]}: {error.strerror}\n".encode("utf-8", "surrogateescape"))
    os._exit(_NO_PROGRAM)


def _hand_on(service: int, number: int) -> None:
    try:
        os.kill(service, number)
    except (ProcessLookupError, PermissionError):
        pass


def _reap(service: int) -> int | None:
    """Reap the processes that have ended; return the service's wait status if it was among them."""
    found = None
    try:
        while True:
            process, status = os.waitpid(-1, os.WNOHANG)
            if not process:
                return found
            if process == service:
                found = status
    except ChildProcessError:
        return found


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
