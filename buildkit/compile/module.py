"""One module that is compiled, and how: what the settings of the project and of the patterns that it fits say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from buildkit.compile.cython.options import PURE_PYTHON_DIRECTIVES
from buildkit.config import Config
from buildkit.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class Module:
    """One module that is compiled.

    Args:
        name: its dotted name.
        source: its file, relative to the source root, with forward slashes.
        backend: `cython` or `mypyc`.
        directives: Cython directives, complete.
        flags: further flags of the C compiler.
        include: folders of headers, as the settings write them.
    """

    name: str
    source: str
    backend: str
    directives: Mapping[str, Any]
    flags: tuple[str, ...]
    include: tuple[str, ...] = ()

    @property
    def folder(self) -> str:
        """The folder of its file, relative to the source root."""
        return self.source.rpartition("/")[0]


def module_of(config: Config, name: str, source: str) -> Module:
    """Return how a module is compiled.

    Args:
        config: the project.
        name: the module.
        source: its file, relative to the source root.

    Raises:
        ConfigurationError: a backend that does not fit the source.
    """
    backend, flags, include = config.backend, config.compile.flags, config.compile.include
    directives = dict(PURE_PYTHON_DIRECTIVES) if source.endswith(".py") else {}
    directives.update(config.compile.directives)
    for pattern, settings in config.compile.module.items():
        if fnmatchcase(name, pattern):
            backend = settings.backend or backend
            directives.update(settings.directives)
            flags = (*flags, *settings.flags)
            include = (*include, *settings.include)
    if backend == "mypyc" and source.endswith(".pyx"):
        raise ConfigurationError(
            f"{source}: mypyc compiles Python, not Cython",
            hint=f'let Cython have it:\n[tool.buildkit.compile.module."{name}"]\nbackend = "cython"',
        )
    return Module(name, source, backend, directives, tuple(flags), tuple(include))
