"""Delete every extension that the suite made in a tree."""

from __future__ import annotations

from buildkit.extensions.exclusive import exclusive
from buildkit.extensions.output_folder import OutputFolder
from buildkit.extensions.workspace import Workspace, remember
from buildkit.model import Outcome, Reason
from buildkit.store.state import State


def remove_all(workspace: Workspace, reason: Reason, *, dry_run: bool) -> tuple[Outcome, ...]:
    """Delete every extension that the suite made in this tree and forget it.

    Args:
        workspace: the tree.
        reason: why.
        dry_run: say what would be deleted, and delete nothing.

    Raises:
        CompileError: the tree is read-only.
    """
    subjects = remember(workspace).subjects()
    if dry_run or not subjects:
        return tuple(Outcome(name, "would-remove", reason) for name in subjects)
    with exclusive(workspace) as lock:
        remembered = remember(workspace)
        subjects = remembered.subjects()
        folder = OutputFolder(workspace, remembered, lock)
        for name in subjects:
            folder.take_away(name)
        outcomes = tuple(Outcome(name, "removed", reason) for name in subjects)
        for row in outcomes:
            workspace.console.outcome(row)
        lock.require()
        workspace.memory.write(remembered, State())
    return outcomes
