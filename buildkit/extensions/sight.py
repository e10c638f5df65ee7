"""The findings of a look, which the other steps read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple

from buildkit.compile.module import Module
from buildkit.compile.modules import Modules
from buildkit.extensions.backends import Backends
from buildkit.extensions.memory import Remembered
from buildkit.extensions.workspace import Workspace
from buildkit.model import Digest, Fingerprint, Record

NOT_COMPARED = Fingerprint(Digest(""), {})


class Subject(NamedTuple):
    """One subject: a module or, with mypyc, a library, with its present and its recorded inputs.

    Args:
        module: what it is made of.
        now: the fingerprint of its present inputs; `NOT_COMPARED` where everything is rebuilt.
        then: its record, with the same names of parts; None if there is none.
        outputs: the digest of each file that `then` names, as it lies on the disk.
        is_stored: whether the store has what is to be made; asked only where something is.
        recorded: the record, where it is still valid and the store has all of its files.
    """

    module: Module
    now: Fingerprint = NOT_COMPARED
    then: Record | None = None
    outputs: Mapping[str, Digest] = MappingProxyType({})
    is_stored: bool = False
    recorded: Record | None = None


@dataclass(frozen=True, slots=True)
class Sight:
    """What one look saw.

    Args:
        workspace: where it looked.
        remembered: what earlier builds left; the state is another checkout's where this one has none.
        modules: the project's.
        backends: what translates them, with the tools.
        subjects: what is made, by name: the modules and, with mypyc, libraries.
        state_key: the key under which equal checkouts share their state.
    """

    workspace: Workspace
    remembered: Remembered
    modules: Modules
    backends: Backends
    subjects: Mapping[str, Subject]
    state_key: Digest

    def extension_path(self, module: Module) -> str:
        """Return the path of a module's extension, relative to the folder that extensions go to."""
        return module.source.rpartition(".")[0] + self.backends.toolchain.interpreter.suffix

    @property
    def is_the_latest(self) -> bool:
        """Whether no other build has recorded anything since."""
        return self.workspace.memory.is_the_latest(self.remembered)

    @property
    def is_recorded(self) -> bool:
        """Whether what is remembered is recorded in this checkout; else it is to be written though nothing is to do."""
        return not (self.remembered.unrecorded or self.remembered.adopted)
