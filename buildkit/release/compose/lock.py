"""The lock of releases on one host: a container whose life hangs on its holder, from whichever machine that works.

Its name is there once only. It does nothing but wait for the end of its standard input, which comes when the holder
ends, however that ends; then the engine removes it.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator

from buildkit.doors import process
from buildkit.doors.clock import Stopwatch
from buildkit.errors import EngineError, ReleaseRefusedError
from buildkit.release.compose import containers
from buildkit.release.compose.engine import Engine
from buildkit.release.sight import Image

PATIENCE = 10.0
"""Seconds within which the lock of a holder that was killed goes away."""

_LOOK = 0.2
_PROGRAM = "cat"


def name_of(project: str) -> str:
    """Return the name of the container that is the lock."""
    return f"{project}-release"


@contextlib.contextmanager
def held(engine: Engine, project: str, image: Image) -> Iterator[None]:
    """Hold the lock for the time of the block.

    Args:
        engine: the engine of the host.
        project: the name of the compose project.
        image: an image that the engine has; its program `cat` is run.

    Raises:
        ReleaseRefusedError: another release is under way.
        EngineError: the container does not start.
    """
    name, watch = name_of(project), Stopwatch()
    while containers.inspect(engine, [name]):
        if watch.seconds > PATIENCE:
            raise ReleaseRefusedError(
                f"another release of {project} is under way on this host",
                hint=f"wait for it; it holds the container {name} as long as it lives",
            )
        time.sleep(_LOOK)
    options = ["--rm", "--interactive", "--network", "none", "--read-only", "--cap-drop", "ALL", "--no-healthcheck"]
    options += ["--pull", "never"]
    command = ["docker", "run", *options, "--name", name, "--entrypoint", _PROGRAM, image.reference]
    child = process.start(
        command, environment=engine.environment, stdin=process.PIPE, output=process.PIPE, errors=process.PIPE
    )
    try:
        _require_started(engine, name, child)
        yield
    finally:
        if child.stdin is not None:
            with contextlib.suppress(OSError):
                child.stdin.close()
        if not process.ended_within(child, PATIENCE):
            engine.try_to("rm", "--force", name)
        process.end(child)


def _require_started(engine: Engine, name: str, child: process.Child) -> None:
    watch = Stopwatch()
    while not any(each.status == "running" for each in containers.inspect(engine, [name])):
        if process.ended_within(child, _LOOK):
            words = (child.stderr.read() if child.stderr is not None else "").strip().splitlines()
            if any("already in use" in line for line in words):
                raise ReleaseRefusedError(
                    "another release has just begun on this host", hint="wait for it, and release again"
                )
            raise EngineError(
                f"the lock of releases, container {name}, does not start", details=words[-1:], hint="see docker info"
            )
        if watch.seconds > PATIENCE * 4:
            raise EngineError(f"the lock of releases, container {name}, does not start", hint="see docker info")
