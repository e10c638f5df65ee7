"""What makes extensions of modules: for each backend its actions, on top of the same tools and inputs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Protocol

from buildkit.compile.flags import environment_flags
from buildkit.compile.module import Module
from buildkit.compile.modules import Modules
from buildkit.compile.places import Places
from buildkit.compile.toolchain import Toolchain
from buildkit.extensions.cython.modules import CythonModules
from buildkit.extensions.memory import Remembered
from buildkit.extensions.native.actions import Native
from buildkit.extensions.native.calls import Calls
from buildkit.extensions.native.inputs import Inputs
from buildkit.extensions.workspace import Workspace
from buildkit.model import Digest

if TYPE_CHECKING:
    from buildkit.extensions.mypyc.program import MypycProgram


class Backend(Protocol):
    """What a look asks about a module."""

    def parts(self, module: Module) -> dict[str, Digest]:
        """Return the parts of a fingerprint that do not depend on what the module's translation read."""

    def knows(self, module: Module) -> bool:
        """Return whether the store answers for the inputs as they are now, with an extension or with a refusal."""


@dataclass(frozen=True, slots=True)
class Backends:
    """The backends of one build.

    Args:
        toolchain: the tools.
        places: where inputs lie.
        inputs: the digest of each input.
        cython: makes one module at a time.
        mypyc: makes all of its modules at once; None where there are none.
    """

    toolchain: Toolchain
    places: Places
    inputs: Inputs
    cython: CythonModules
    mypyc: MypycProgram | None

    def of(self, module: Module) -> Backend:
        """Return the backend of a module."""
        return self.mypyc if self.mypyc is not None and module.backend == "mypyc" else self.cython

    @property
    def libraries(self) -> Mapping[str, Module]:
        """What the mypyc modules of a release load, by name."""
        return {} if self.mypyc is None else self.mypyc.subjects


def backends_of(
    workspace: Workspace,
    remembered: Remembered,
    modules: Modules,
    toolchain: Toolchain,
    places: Places,
    inputs: Inputs,
) -> Backends:
    """Return the backends for the modules of a project.

    Args:
        workspace: says how modules are to be made, and where results are kept.
        remembered: has the digests of files.
        modules: the project's.
        toolchain: the tools.
        places: where inputs lie.
        inputs: the digest of each input.
    """
    compile_settings, environment, cache = workspace.config.compile, workspace.environment, remembered.cache
    calls = Calls(
        toolchain,
        places,
        compile_settings.profile,
        environment_flags(environment),
        compile_settings.launcher,
        non_file_inputs=inputs.non_file,
        environment=environment,
    )
    altered = partial(cache.content_changed, toolchain.files["compiler"])
    reuse, store, scratch = workspace.reuse, workspace.store, workspace.scratch
    native = Native(calls, store, inputs.headers, scratch, reuse=reuse, altered=altered)
    cython = CythonModules(
        toolchain, places, inputs, calls, native, cache=cache, store=store, reuse=reuse, scratch=scratch
    )
    typed = {name: module for name, module in modules.compiled.items() if module.backend == "mypyc"}
    if not typed:
        return Backends(toolchain, places, inputs, cython, None)

    from buildkit.extensions.mypyc.program import MypycProgram  # noqa: PLC0415 - most projects have none

    program = MypycProgram(
        typed,
        toolchain,
        places,
        compile_settings.profile,
        cache=cache,
        probes=inputs.probes,
        native=native,
        store=store,
        work=workspace.config.work,
        scratch=scratch,
        environment=environment,
        reuse=reuse,
    )
    return Backends(toolchain, places, inputs, cython, program)
