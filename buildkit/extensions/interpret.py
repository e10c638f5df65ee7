"""Let changed modules run as the Python that they are, until a build makes their extensions anew."""

from __future__ import annotations

from collections.abc import Collection

from buildkit.compile.modules import find_modules
from buildkit.extensions.exclusive import exclusive
from buildkit.extensions.output_folder import OutputFolder
from buildkit.extensions.workspace import Workspace

_DECLARATIONS = ".pxd"


def interpret(workspace: Workspace, sources: Collection[str]) -> tuple[str, ...] | None:
    """Take the extensions of changed modules away, so that Python imports their sources.

    Only where that means the same: modules of plain Python that keep Python's meaning, and have no declarations for C,
    which other modules may be compiled against. The extension of a source that is gone is a build's to delete.

    Args:
        workspace: the tree.
        sources: the files that changed, relative to the source root.

    Returns:
        The modules whose extensions are gone; None if one of them has to be compiled, and nothing was done.

    Raises:
        CompileError: the tree is read-only.
        ConfigurationError: the settings of a module do not fit it.
    """
    if not all((workspace.config.source / source).is_file() for source in sources):
        return None
    modules = {module.source: module for module in find_modules(workspace.config).compiled.values()}
    changed = [modules[source] for source in sources if source in modules]
    for module in changed:
        declarations = workspace.config.source / f"{module.source.rpartition('.')[0]}{_DECLARATIONS}"
        if not module.keeps_python or module.backend != "cython" or declarations.exists():
            return None
    if not changed:
        return ()
    with exclusive(workspace) as lock:
        remembered = workspace.memory.records()
        if remembered.is_lost:
            return None
        folder = OutputFolder(workspace, remembered, lock)
        left = [folder.leave_only(module.name, {}) for module in changed]
    return None if any(left) else tuple(module.name for module in changed)
