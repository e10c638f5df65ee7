"""Runs the service so that none of its processes outlives the loop. A program of its own, not imported.

    python -I -S launch.py GRACE SOCKET COMMAND…

The loop holds the other end of this program's stdin, the *lifeline*. When it closes, because the loop stops the service
or because the loop itself was killed, the service gets SIGTERM and, after GRACE seconds, SIGKILL. Another number of
seconds may be written into it before. A second request ends it at once. The service's process group goes with it.
Suspended, this program would not notice: so the kernel continues it when the loop is gone (PR_SET_PDEATHSIG), on Linux.
Descendants that made a session of their own escape a group; on Linux they fall to this program when their parent ends
(prctl(2), PR_SET_CHILD_SUBREAPER) and are killed as well. On other systems an escaped descendant survives.

SOCKET is the number of a descriptor that the service gets where systemd would put it (sd_listen_fds(3)), or a hyphen.
LISTEN_PID is set as there; LISTEN_FDS is not: gunicorn would take the socket twice, by that and by its own option.

It exits with the service's exit code, or with 128 plus the signal that ended it.
"""

# ruff: noqa: SIM105, PTH123, PTH208 - contextlib and pathlib take longer to import than the rest of this program takes to run

from __future__ import annotations

import os
import select
import signal
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_SET_PARENT_DEATH_SIGNAL = 1
_SET_CHILD_SUBREAPER = 36
_FIRST_PASSED = 3
_SWEEP = 2.0
"""Seconds to wait for killed descendants to be gone; only a process stuck in the kernel takes that long."""


def main(arguments: Sequence[str]) -> int:
    """Run the command to its end and return the exit code to leave with."""
    grace, passed, command = float(arguments[0]), arguments[1], list(arguments[2:])
    lifeline = _take_stdin()
    wake = _listen()
    control = _process_control()
    control(_SET_CHILD_SUBREAPER, 1)
    control(_SET_PARENT_DEATH_SIGNAL, signal.SIGCONT)
    service = _start(command, control, None if passed == "-" else int(passed))
    status = _wait(service, lifeline, wake, grace)
    _sweep(service)
    return os.WEXITSTATUS(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status)


def _take_stdin() -> int:
    """Keep stdin as the lifeline, hidden from the service, whose own stdin is empty."""
    lifeline = os.dup(0)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    return lifeline


def _listen() -> int:
    """Return a descriptor on which each signal that arrives can be read as its number."""
    wake, woken = os.pipe()
    os.set_blocking(wake, False)
    os.set_blocking(woken, False)
    signal.set_wakeup_fd(woken, warn_on_full_buffer=False)
    for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: None)
    return wake


def _process_control() -> Callable[[int, int], int]:
    """Return prctl(2), or a function that does nothing on other systems than Linux."""
    if sys.platform != "linux":
        return lambda _option, _value: 0
    import ctypes  # noqa: PLC0415 - for Linux alone

    prctl = ctypes.CDLL(None).prctl
    return lambda option, value: int(prctl(option, ctypes.c_ulong(value), 0, 0, 0))


def _start(command: list[str], control: Callable[[int, int], int], passed: int | None) -> int:
    service = os.fork()
    if service:
        if passed is not None:
            os.close(passed)
        try:
            os.setpgid(service, service)  # both sides do it, so that it is done whichever comes first
        except OSError:
            pass
        return service
    try:
        os.setpgid(0, 0)
        control(_SET_PARENT_DEATH_SIGNAL, signal.SIGKILL)
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # Python ignores it, and what is ignored is inherited
        if passed is not None:
            _pass(passed)
        os.execvp(command[0], command)  # noqa: S606 - the user's own command; no shell
    except OSError as error:
        os.write(2, f"{command[0]}: {error.strerror}\n".encode())
    os._exit(127)


def _pass(descriptor: int) -> None:
    """Give this process, which becomes the service, a socket where systemd would."""
    if descriptor != _FIRST_PASSED:
        os.dup2(descriptor, _FIRST_PASSED)
        os.close(descriptor)
    os.set_inheritable(_FIRST_PASSED, True)
    os.environ["LISTEN_PID"] = str(os.getpid())


def _wait(service: int, lifeline: int, wake: int, grace: float) -> int:
    """Wait until the service has ended, and end it when asked to; return its wait status."""
    sources = [wake, lifeline]
    requests = 0
    deadline: float | None = None
    while True:
        patience = None if deadline is None else max(0.0, deadline - time.monotonic())
        for source in select.select(sources, [], [], patience)[0]:
            arrived = os.read(source, 512)
            if source == wake:
                requests += sum(number != signal.SIGCHLD for number in arrived)
            elif arrived:
                grace = float(arrived)
            else:
                sources.remove(lifeline)
                requests += 1
        status = _reap(service)
        if status is not None:
            return status
        if requests and deadline is None:
            _send(os.killpg, service, signal.SIGTERM)
            deadline = time.monotonic() + grace
        if deadline is not None and (requests > 1 or time.monotonic() >= deadline):
            _send(os.killpg, service, signal.SIGKILL)
            deadline = time.monotonic() + _SWEEP


def _reap(service: int) -> int | None:
    """Reap the processes that have ended, orphans too; return the service's wait status if it was among them."""
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


def _sweep(service: int) -> None:
    """Kill what is left of the group and of the escaped descendants until no child is left."""
    deadline = time.monotonic() + _SWEEP
    _send(os.killpg, service, signal.SIGKILL)
    while time.monotonic() < deadline:
        try:
            reaped = os.waitpid(-1, os.WNOHANG)[0]
        except ChildProcessError:
            return
        if not reaped:
            for child in _children():
                _send(os.kill, child, signal.SIGKILL)
            time.sleep(0.002)


def _children() -> list[int]:
    """Return this program's children from proc(5); it becomes the parent of their descendants when they are killed."""
    found = []
    for name in os.listdir("/proc") if sys.platform == "linux" else []:
        if name.isdecimal():
            try:
                with open(f"/proc/{name}/stat", encoding="utf-8", errors="replace") as file:
                    parent = file.read().rpartition(")")[2].split()[1]
            except OSError:
                continue
            if parent == str(os.getpid()):
                found.append(int(name))
    return found


def _send(how: Callable[[int, int], None], target: int, number: int) -> None:
    try:
        how(target, number)
    except (ProcessLookupError, PermissionError):
        pass


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
