"""The only place that starts a process. Commands are lists of arguments; a child is the head of its own group.

A group of its own means that one call ends the child with all its descendants, and that Ctrl-C at the terminal reaches
the suite alone, which then ends its children in order.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NoReturn, Protocol

from buildkit.doors import cancellation, endings
from buildkit.doors.clock import Stopwatch
from buildkit.doors.communication import communicate

PIPE = subprocess.PIPE
"""For `start`: a pipe to or from the child."""

Child = subprocess.Popen[str]
"""A process that was started."""

GRACE = 2.0
"""Seconds between asking a process group to end and killing it."""

BRIEFLY = 1.0
"""The same where this process itself is asked to end: it has two seconds in all."""

ANSWER = 60.0
"""Seconds within which a program that is asked something answers, on a machine however busy."""

_running: set[Child] = set()


@dataclass(frozen=True, slots=True)
class Completed:
    """The result of a finished process: its exit code (negative for a signal), its output, its seconds."""

    command: tuple[str, ...]
    exit_code: int
    stdout: str
    stderr: str
    seconds: float

    @property
    def ok(self) -> bool:
        """Whether it ended with exit code 0."""
        return self.exit_code == 0


def is_running(pid: int) -> bool:
    """Return whether there is a process of this number on this machine, whoever's."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


class Runner(Protocol):
    """The signature of `run`, for callers that take it as an argument; tests pass fakes."""

    def __call__(
        self,
        command: Sequence[str],
        *,
        folder: Path | None = None,
        environment: Mapping[str, str] | None = None,
        stdin: str | None = None,
        timeout: float | None = ANSWER,
    ) -> Completed:
        """Run `command` and return what it left."""


def run(
    command: Sequence[str],
    *,
    folder: Path | None = None,
    environment: Mapping[str, str] | None = None,
    stdin: str | None = None,
    timeout: float | None = ANSWER,
) -> Completed:
    """Run `command` to its end and capture its output.

    A process that it leaves behind with its output, such as the server of a compiler cache, is not waited for.

    Args:
        command: program and arguments; no shell is involved.
        folder: where it runs; the current folder if None.
        environment: all of its environment; this process's own if None.
        stdin: text for its standard input, which is empty if None.
        timeout: seconds after which its whole group is ended; None for work that may take as long as it likes.

    Raises:
        FileNotFoundError: there is no such program.
        TimeoutError: it took longer than `timeout`; none of its group is left.
        OSError: it wrote more than `communication.MOST` bytes; its whole group has been ended.
        Cancelled: this process is to end, and this is not its main thread.
    """
    watch = Stopwatch()
    child = start(command, folder=folder, environment=environment, stdin=subprocess.PIPE, output=subprocess.PIPE)
    _running.add(child)
    try:
        cancellation.check()  # between the start and the note of it
        stdout, stderr = communicate(child, stdin, timeout)
    except BaseException:
        end(child, BRIEFLY)
        raise
    finally:
        _running.discard(child)
    cancellation.check()  # it may have been killed for that
    return Completed(tuple(command), child.returncode, stdout, stderr, watch.seconds)


def stream(
    command: Sequence[str],
    on_line: Callable[[str], None],
    *,
    folder: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> int:
    """Run `command` to its end, pass each line of its output to `on_line` as it comes, and return its exit code.

    Args:
        command: program and arguments; no shell is involved.
        on_line: called with each line of stdout and stderr, in the order in which they were written.
        folder: where it runs; the current folder if None.
        environment: all of its environment; this process's own if None.

    Raises:
        FileNotFoundError: there is no such program.
    """
    child = start(command, folder=folder, environment=environment, output=subprocess.PIPE, errors=subprocess.STDOUT)
    _running.add(child)
    try:
        for line in child.stdout or ():
            on_line(line.rstrip("\n"))
        child.communicate()  # closes the pipe and waits
    except BaseException:
        end(child, BRIEFLY)
        raise
    finally:
        _running.discard(child)
    return child.returncode


def start(
    command: Sequence[str],
    *,
    folder: Path | None = None,
    environment: Mapping[str, str] | None = None,
    stdin: int | None = subprocess.DEVNULL,
    output: int | None = None,
    errors: int | Literal["output"] | None = "output",
    user: str | None = None,
    inherit: Sequence[int] = (),
) -> subprocess.Popen[str]:
    """Start `command` as the head of a new session and return at once.

    Args:
        command: program and arguments.
        folder: where it runs; the current folder if None.
        environment: all of its environment; this process's own if None.
        stdin: a descriptor or a `subprocess` constant; nothing to read by default.
        output: for stdout; this process's own if None.
        errors: for stderr; as `output` unless named. With `subprocess.PIPE` each has its own pipe.
        user: the user to become, for root alone.
        inherit: descriptors that the child keeps.

    Raises:
        OSError: there is no such program, or no room for another process.
        Cancelled: this process is to end, and this is not its main thread.
    """
    cancellation.check()
    return subprocess.Popen(
        list(command),
        cwd=folder,
        env=None if environment is None else dict(environment),
        stdin=stdin,
        stdout=output,
        stderr=output if errors == "output" else errors,
        text=True,
        encoding="utf-8",
        errors="surrogateescape",
        start_new_session=True,
        user=user,
        group=_group_of(user),
        extra_groups=None if user is None else [],
        pass_fds=tuple(inherit),
    )


def end(child: subprocess.Popen[str], grace: float = GRACE, first: int = signal.SIGTERM) -> int:
    """End `child` and its group: with the signal `first`, after `grace` seconds with SIGKILL. Return its exit code."""
    signal_group(child, first)
    endings.ended_within(child, grace)
    signal_group(child, signal.SIGKILL)
    for stream in (child.stdin, child.stdout, child.stderr):
        if stream is not None:
            with contextlib.suppress(OSError):
                stream.close()
    return child.wait()


def become(command: Sequence[str], environment: Mapping[str, str]) -> NoReturn:
    """Let another program take the place of this process: its terminal, its number, its exit code.

    Raises:
        OSError: there is no such program.
    """
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os.execvpe(command[0], list(command), dict(environment))  # noqa: S606 - no shell is wanted


def ended_within(child: Child, seconds: float) -> bool:
    """Wait for the end of `child`, for `seconds` at most; return whether it came."""
    return endings.ended_within(child, seconds)


def end_all() -> None:
    """Kill every child that `run` waits for in any thread of this process."""
    for child in tuple(_running):
        signal_group(child, signal.SIGKILL)


def signal_group(child: subprocess.Popen[str], number: int) -> None:
    """Send a signal to the group that `child` heads. Members may outlive their head, so its own end does not matter."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, number)


def _group_of(user: str | None) -> int | None:
    if user is None:
        return None
    import pwd  # noqa: PLC0415 - only where root hands down

    return pwd.getpwnam(user).pw_gid
