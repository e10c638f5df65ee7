"""One build at a time on a tree."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator

from buildkit.doors import files, locks
from buildkit.errors import CompileError
from buildkit.extensions.scratch import clear_scratch
from buildkit.extensions.workspace import Workspace


@contextlib.contextmanager
def exclusive(workspace: Workspace) -> Iterator[locks.Held]:
    """Hold the build lock of this tree during the block; a tree that cannot be written is an error here.

    Raises:
        CompileError: the tree is read-only, the disk is full, or this process was suspended for so long that another
            build took the lock.
    """
    work, console = workspace.config.work, workspace.console
    file = work / "compile.lock"

    def waits() -> None:
        console.say(f"another build works on this tree: {locks.describe(file)}; waiting for it")

    with contextlib.ExitStack() as stack:
        try:
            lock = stack.enter_context(locks.held(file, on_wait=waits))
            files.write_gitignore(work)
            if lock.instead_of:
                console.warn(f"{lock.instead_of} stands still: going on without waiting for it")
            else:
                clear_scratch(workspace.scratch)  # what killed builds left, and their temporary files
                journal = {path for made in workspace.memory.journal.read().values() for path, _ in made}
                for path in (workspace.memory.file, *(workspace.folder / path for path in journal)):
                    files.remove_staged(path)
        except OSError as error:
            raise CompileError(
                f"{work}: {error.strerror}",
                hint=f"extensions go beside their sources: the project's folder must be writable{_owner(workspace)}",
            ) from None
        try:
            yield lock
        except locks.Overtaken:
            raise CompileError(
                "another build went on in this tree while this one stood still", hint="run again"
            ) from None


def _owner(workspace: Workspace) -> str:
    """Say whose the suite's folder is, where it is not this user's: root, say, has built here before."""
    work = workspace.config.work
    try:
        owner = work.stat().st_uid
    except OSError:
        return ""
    return "" if owner == os.geteuid() else f"\n{work} belongs to user {owner}: give it to this one, or delete it"
