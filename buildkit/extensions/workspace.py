"""What every step of a build is given: settings, console, target Python, output folder, store and memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from buildkit.compile.modules import find_extensions, find_headers
from buildkit.compile.suffix import own_suffix
from buildkit.config import Config
from buildkit.core.fingerprint import digest_bytes
from buildkit.doors import files
from buildkit.extensions.memory import Memory, Remembered
from buildkit.report.console import Console
from buildkit.store.artifacts import Store, of_machine


@dataclass(frozen=True, slots=True)
class Workspace:
    """What every step of a build is given.

    Args:
        config: the project.
        console: shows progress.
        environment: the variables that `compile_modules` names.
        python: the interpreter that the extensions are for; this one if None.
        folder: where the extensions go.
        in_tree: whether that is beside their sources.
        reuse: use what earlier builds made.
        store: the machine's.
        memory: this checkout's, for the extensions of that folder.
    """

    config: Config
    console: Console
    environment: Mapping[str, str]
    python: Path | None
    folder: Path
    in_tree: bool
    reuse: bool
    store: Store
    memory: Memory

    @property
    def scratch(self) -> Path:
        """The folder for what tools read and write."""
        return self.config.work / "scratch"


def workspace_of(
    config: Config,
    console: Console,
    environment: Mapping[str, str],
    *,
    python: Path | None = None,
    output: Path | None = None,
    reuse: bool = True,
) -> Workspace:
    """Return the workspace of a project.

    Args:
        config: the project.
        console: shows progress.
        environment: the variables that `compile_modules` names.
        python: the interpreter that the extensions are for; this one if None.
        output: the folder that they go to; the source root if None.
        reuse: use what earlier builds made.
    """
    store = of_machine(environment, console.warn, console.say)
    suffix = own_suffix().rpartition(".")[0] if output is None else f"-{digest_bytes(str(output).encode())[:12]}"
    memory = Memory(config, suffix, None if store.problem else store.folder, console.warn)
    folder = output or config.source
    return Workspace(config, console, environment, python, folder, output is None, reuse, store, memory)


def remember(workspace: Workspace) -> Remembered:
    """Read what earlier builds in this checkout recorded.

    Where the record is lost, an extension or header beside its source that the store has counts as made by the suite:
    otherwise it would stay when its source is gone.
    """
    found = workspace.memory.read()
    if not (found.is_lost and workspace.in_tree):
        return found
    unrecorded = {name: {*pairs} for name, pairs in found.unrecorded.items()}
    for name, path in (*find_extensions(workspace.config, own_suffix()), *find_headers(workspace.config)):
        digest = files.digest_file(workspace.folder / path)
        if workspace.store.has(digest):
            unrecorded.setdefault(name, set()).add((path, digest))
    return replace(found, unrecorded=unrecorded)
