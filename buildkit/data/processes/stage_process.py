"""Runs one stage in a process of its own, and ends its whole process group when the run is interrupted."""

from __future__ import annotations

import collections
import errno
import json
import os
import signal
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path

from buildkit.data.processes import stage_function
from buildkit.data.stages.pipeline import Pipeline, Stage
from buildkit.doors import process, python
from buildkit.doors.clock import Stopwatch
from buildkit.errors import StageError

_LAST_LINES = 20
_GRACE = 1.0
"""Seconds between asking a stage to end and killing it; a container has ten seconds for everything."""


def command_of(stage: Stage, pipeline: Pipeline, returned: int) -> list[str]:
    """Return the command of a stage; a callable is run by `buildkit.data.processes.worker`.

    Args:
        stage: the stage.
        pipeline: the pipeline that the stage belongs to.
        returned: the descriptor that the worker writes to once the callable has returned.
    """
    if isinstance(stage.run, str):
        return python.module_command(
            "buildkit.data.processes.worker", str(pipeline.source_root), stage.run, str(returned)
        )
    return list(stage.run)


def environment_of(
    stage: Stage, pipeline: Pipeline, generation: Path, environment: Mapping[str, str]
) -> dict[str, str]:
    """Return the environment variables of a stage's process."""
    return {
        **environment,
        "PYTHONUNBUFFERED": "1",
        "PYBUILDKIT_DATA_PATH": str(pipeline.folder),
        "PYBUILDKIT_DATA_IN": str(generation),
        "PYBUILDKIT_DATA_OUT": str(generation),
        "PYBUILDKIT_DATA_PARAMS": json.dumps(dict(stage.params)),
    }


def run(
    stage: Stage, pipeline: Pipeline, generation: Path, environment: Mapping[str, str], say: Callable[[str], None]
) -> float:
    """Run `stage` to its end; return how many seconds it took. Each line that it prints is passed to `say`.

    Raises:
        StageError: the stage cannot start, ended with another code than 0, or ended before its callable had returned.
    """
    watch = Stopwatch()
    last: collections.deque[str] = collections.deque(maxlen=_LAST_LINES)
    listening, speaking = os.pipe()
    returned, returning = os.pipe()
    os.set_blocking(returned, False)
    try:
        child = process.start(
            command_of(stage, pipeline, returning),
            folder=pipeline.root,
            environment=environment_of(stage, pipeline, generation, environment),
            output=speaking,
            inherit=(returning,) if stage.module else (),
        )
    except OSError as error:
        os.close(listening)
        os.close(returned)
        raise program_refused(stage, command_of(stage, pipeline, returning)[0], error) from None
    finally:
        os.close(speaking)
        os.close(returning)

    def listen() -> None:
        with open(listening, encoding="utf-8", errors="replace") as lines:  # noqa: PTH123 - a descriptor
            for line in lines:
                last.append(line.rstrip("\n"))
                say(f"{stage.name}: {last[-1]}")

    listener = threading.Thread(target=listen, daemon=True)
    try:
        listener.start()
        child.wait()
    finally:
        exit_code = process.end(child, _GRACE)  # also ends what the stage left behind in its group
        if listener.ident is not None:
            listener.join(_GRACE)
        whole = not stage.module or _has_said(returned)
    if exit_code != 0 or not whole:
        raise StageError(
            f"stage {stage.name}: {ending(exit_code) if exit_code else stage_function.NOT_RETURNED}",
            details=tuple(last),
            hint="the data that was there stays as it is; mend the stage and run again: finished stages are kept",
        )
    return watch.seconds


def _has_said(descriptor: int) -> bool:
    """Return whether there is anything to read, and close the descriptor."""
    try:
        return bool(os.read(descriptor, 1))
    except BlockingIOError:  # nothing yet, and another process still has the other end open
        return False
    finally:
        os.close(descriptor)


def program_missing(stage: Stage, program: str, why: str) -> StageError:
    """Return the error for a program that is not there."""
    return StageError(
        f"stage {stage.name}: cannot start {program}: {why}",
        hint="`run` is a callable as module:function, or a command as a list; its program must be on PATH",
    )


def program_refused(stage: Stage, program: str, error: OSError) -> StageError:
    """Return the error for a program that the kernel refuses to start."""
    if error.errno == errno.E2BIG:
        return StageError(
            f"stage {stage.name}: its params and environment are more than the kernel hands to a program",
            hint="one variable may have 128 kB: put what is so long into a file, and name that in `inputs`",
        )
    return program_missing(stage, program, str(error.strerror))


def cores() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


def ending(exit_code: int) -> str:
    """Return a message that says how a process ended."""
    if exit_code >= 0:
        return f"exit code {exit_code}"
    name = signal.Signals(-exit_code).name
    return f"ended by {name}{' (out of memory?)' if name == 'SIGKILL' else ''}"
