"""Who uses a project's development server: whoever is the last to leave stops it, if a loop started it.

    <project>/.buildkit/postgres.users/<pid>   locked by a living `invoke dev`, however that ends
    <project>/.buildkit/postgres.users/loops   there if the server was started by a loop, and not to stay

A loop that is killed leaves its server running, and `loops` with it. The next loop adopts both, and stops the server
when it ends as the last one. A server that another command started stays until `invoke db.stop`.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from buildkit.db import development, ownership
from buildkit.doors import files, locks
from buildkit.model import WORK

_GUARD, _OF_LOOPS = "guard", "loops"
_PATIENCE = 20.0


class Use:
    """The use of a project's server by this process.

    Args:
        project: the project's folder.
    """

    def __init__(self, project: Path) -> None:
        self._project = project
        self._held = contextlib.ExitStack()

    def begin(self) -> None:
        """Note the use, before the server is started: an interruption may come while it starts."""
        with _guarded(self._project):
            self._note()
            self._held.enter_context(locks.held(_folder(self._project) / str(os.getpid()), overtake=False))

    def go_on(self) -> None:
        """Note that the server was stopped, and is started again by this loop."""
        with _guarded(self._project):
            self._note()

    def _note(self) -> None:
        if development.running(self._project) is None:
            files.write(_folder(self._project) / _OF_LOOPS, "")

    def end(self) -> bool:
        """Stop the server if loops alone used it and this was the last; return whether it was stopped."""
        with _guarded(self._project):
            self._held.close()
            for note in _notes(self._project):
                locks.discard(note)  # those of killed loops, too
            if others(self._project) or not is_of_loops(self._project):
                return False
            return stop(self._project)


def others(project: Path) -> list[str]:
    """Return a description of each living loop that uses the server."""
    folder = _folder(project)
    if not ownership.is_own(folder):
        return []
    return [locks.describe(file) for file in _notes(project) if locks.is_held(file)]


def is_of_loops(project: Path) -> bool:
    """Return whether the server was started by a loop, so that it ends with the last of them."""
    return (_folder(project) / _OF_LOOPS).is_file()


def keep(project: Path) -> None:
    """Note that the server was not started by a loop, and stays."""
    files.remove(_folder(project) / _OF_LOOPS)


def stop(project: Path) -> bool:
    """Stop the server whoever uses it; return whether one ran."""
    stopped = development.stop(project)
    keep(project)
    return stopped


def _notes(project: Path) -> list[Path]:
    return [file for file in sorted(_folder(project).iterdir()) if file.name.isdecimal()]


def _folder(project: Path) -> Path:
    return project.resolve() / WORK / "postgres.users"


@contextlib.contextmanager
def _guarded(project: Path) -> Iterator[None]:
    """Let one process at a time look who is there and act on it."""
    folder = _folder(project)
    files.make_own_folder(folder)
    ownership.require(folder)
    with contextlib.ExitStack() as stack:
        # A suspended process must not keep others from ending; at worst its server is left running.
        with contextlib.suppress(locks.Busy):
            stack.enter_context(locks.held(folder / _GUARD, wait=_PATIENCE))
        yield
