"""Ends commands properly: on a signal, on a closed pipe, and when the system runs out of a resource.

Part of the Invoke door: every task ends with a message and an exit code.
"""

from __future__ import annotations

import atexit
import contextlib
import errno
import functools
import os
import signal
import sys
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from invoke.exceptions import Exit
from invoke.parser.argument import Argument
from invoke.tasks import Task
from invoke.tasks import task as invoke_task

from buildkit.doors import signals
from buildkit.report import ReaderGone, WriteFailed

_UNREAD = 128 + signal.SIGPIPE
_FAULT = 1
_HINTS = {
    errno.EMFILE: "let a process have more open files: ulimit -n 256",
    errno.ENFILE: "the whole machine has no more open files to give",
    errno.ENOSPC: "free some space",
    errno.EDQUOT: "free some space, or ask for a larger quota",
    errno.EFBIG: "let files be larger: ulimit -f unlimited",
    errno.EACCES: "let this user read and write it",
    errno.EAGAIN: "let this user have more processes: ulimit -u",
    errno.ENOMEM: "let this process have more memory",
}


class _Instead(Argument):
    """A flag with which an argument by position may be left out."""

    stands_for: Argument

    def set_value(self, value: Any, cast: bool = True) -> None:  # noqa: ANN401 - Invoke's
        """Note that the flag was given."""
        super().set_value(value, cast=cast)
        if self.stands_for.value is None:
            self.stands_for.set_value("", cast=False)


class Command(Task[Callable[..., None]]):
    """A task whose `-j` means jobs, as in make and ninja, and nothing else; `--json` has no short form.

    Invoke gives each flag the first of its letters that is free, so that `-j` was JSON in most commands.
    """

    instead: Mapping[str, str] = MappingProxyType({})
    """Flags that stand in the place of an argument by position, which Invoke would ask for."""

    def get_arguments(self, ignore_unknown_help: bool | None = None) -> list[Argument]:
        """Return Invoke's arguments of the task."""
        found = super().get_arguments(ignore_unknown_help)
        by_name = {each.name: each for each in found}
        for flag, name in self.instead.items():
            by_name[flag].__class__ = _Instead
            by_name[flag].stands_for = by_name[name]  # type: ignore[attr-defined]
        return found

    def arg_opts(self, name: str, default: str, taken_names: set[str]) -> dict[str, Any]:
        """Return the options of Invoke for one flag."""
        kept = set(name) if name == "json" else set() if name == "jobs" else {"j"}
        return super().arg_opts(name, default, taken_names | kept)


def task(
    *,
    undoing: float = signals.PATIENCE,
    instead: Mapping[str, str] = MappingProxyType({}),
    **options: Any,  # noqa: ANN401
) -> Callable[[Callable[..., None]], Any]:
    """Return a decorator as Invoke's `task` with these options; any error ends it with a message and an exit code.

    Args:
        undoing: seconds that the task has for cleaning up after a signal.
        instead: flags with which an argument by position may be left out, each with its name.
        options: those of Invoke.
    """

    def decorated(body: Callable[..., None]) -> Any:  # noqa: ANN401 - Invoke's
        @functools.wraps(body)
        def run(*arguments: Any, **flags: Any) -> None:  # noqa: ANN401
            signal.signal(signal.SIGINT, _own_or(signal.getsignal(signal.SIGINT)))
            _open_what_is_closed()
            try:
                with signals.orderly(undoing):
                    body(*arguments, **flags)
            except signals.Stopped as stopped:
                raise Exit(stopped.words, int(str(stopped.code))) from None
            except KeyboardInterrupt:
                raise Exit("interrupted", 128 + signal.SIGINT) from None
            except ReaderGone:
                _say_no_more()
                raise Exit(code=_UNREAD) from None
            except WriteFailed as error:
                _say_no_more()
                raise Exit(f"error: the result cannot be written to stdout: {error}", _FAULT) from None
            except (OSError, MemoryError) as error:
                raise Exit(_words(error), _FAULT) from None
            except RuntimeError as error:
                if "can't start new thread" not in str(error):
                    raise
                raise Exit(_words(OSError(errno.EAGAIN, "no further process or thread may start")), _FAULT) from None

        made = invoke_task(klass=Command, **options)(run)
        made.instead = dict(instead)  # Invoke copies its tasks
        return made

    return decorated


def prepare_exit(names: Collection[str]) -> None:
    """Prepare the end of a task: until it begins, Ctrl-C ends the process silently if one of `names` is to run.

    Invoke would end with another code. A user's own tasks keep what Python and Invoke make of it.
    """
    first = next((word for word in sys.argv[1:] if not word.startswith("-")), "")
    if first in names and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        with contextlib.suppress(ValueError):  # not in the main thread
            signal.signal(signal.SIGINT, signal.SIG_DFL)
    atexit.register(_leave)
    sys.excepthook = functools.partial(_unwritten, sys.excepthook)


def _unwritten(otherwise: Callable[..., Any], kind: type[BaseException], error: BaseException, trace: Any) -> None:  # noqa: ANN401
    """Leave without a traceback where Invoke's own list cannot be written."""
    if isinstance(error, BrokenPipeError):
        _say_no_more()
        raise SystemExit(_UNREAD)
    if isinstance(error, OSError) and error.errno == errno.ENOSPC and error.filename is None:
        _say_no_more()
        sys.stderr.write(f"error: the result cannot be written to stdout: {error.strerror}\n")
        raise SystemExit(_FAULT)
    otherwise(kind, error, trace)


def _own_or(handler: Any) -> Any:  # noqa: ANN401 - of a signal
    """Return Python's handler for Ctrl-C in the place of the kernel's."""
    return signal.default_int_handler if handler is signal.SIG_DFL else handler


def _leave() -> None:
    """At exit, flush the output, and say nothing of signals and closed pipes.

    What Invoke printed may be written only now; where that fails the exit code says so, as Python's own 120 would.
    """
    with contextlib.suppress(ValueError):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, signal.SIG_DFL)
    failed: OSError | None = None
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(ValueError):
            try:
                if stream is not None:
                    stream.flush()
            except OSError as error:
                failed = error if stream is sys.stdout else failed
                _say_no_more()
    if isinstance(failed, BrokenPipeError):
        os._exit(_UNREAD)
    if failed is not None:
        with contextlib.suppress(OSError):
            os.write(2, f"error: the result cannot be written to stdout: {failed.strerror}\n".encode())
        os._exit(_FAULT)


def _open_what_is_closed() -> None:
    """Open the standard descriptors that are closed: else a file of ours gets the number, and what children say."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:  # noqa: PERF203 - three times
            os.open(os.devnull, os.O_RDWR)


def _say_no_more() -> None:
    """Discard unwritten output, so that Python does not try to flush it at exit."""
    nothing = os.open(os.devnull, os.O_WRONLY)
    for number, stream in ((1, sys.stdout), (2, sys.stderr)):
        try:
            stream.flush()
        except (OSError, ValueError, AttributeError):  # noqa: PERF203 - twice
            os.dup2(nothing, number)
    os.close(nothing)


def _words(error: OSError | MemoryError) -> str:
    """Return the message for an `OSError` or `MemoryError`, in the form of all error messages."""
    if isinstance(error, MemoryError):
        return f"error: out of memory\n\nhint: {_HINTS[errno.ENOMEM]}"
    place = error.filename2 or error.filename
    named = f"{os.fsdecode(place)}: " if isinstance(place, (str, bytes, Path)) else ""
    hint = _HINTS.get(error.errno or 0, "")
    return f"error: {named}{error.strerror or error}" + (f"\n\nhint: {hint}" if hint else "")
