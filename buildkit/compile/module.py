"""One module that is compiled, and how: what the settings of the project and of the patterns that it fits say."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from buildkit.compile.asked import NOTHING_ASKED, Asked
from buildkit.config import Config
from buildkit.config.messages import nearest
from buildkit.errors import ConfigurationError

INIT = "__init__"
"""The module that makes a folder a package; its name is the folder's."""


@dataclass(frozen=True, slots=True)
class Module:
    """One module that is compiled.

    Args:
        name: its dotted name.
        source: its file, relative to the source root, with forward slashes.
        backend: `cython` or `mypyc`.
        directives: Cython directives that the settings give.
        flags: further flags of the C compiler.
        include: folders of headers, as the settings write them.
        asked: what its settings ask for as a setup.py does.
        keeps_python: whether it is plain Python that is to mean what it means to Python.
    """

    name: str
    source: str
    backend: str
    directives: Mapping[str, Any]
    flags: tuple[str, ...]
    include: tuple[str, ...] = ()
    asked: Asked = NOTHING_ASKED
    keeps_python: bool = False

    @property
    def folder(self) -> str:
        """The folder of its file, relative to the source root."""
        return self.source.rpartition("/")[0]


def name_of(path: str) -> str:
    """Return the dotted name of the module or package that a file is.

    Args:
        path: relative to the source root, with any ending.
    """
    folder, _, file = path.rpartition("/")
    stem = file.partition(".")[0]
    return (folder if stem == INIT and folder else path.removesuffix(file) + stem).replace("/", ".")


def module_of(config: Config, name: str, source: str) -> Module:
    """Return how a module is compiled.

    Args:
        config: the project.
        name: the module.
        source: its file, relative to the source root.

    Raises:
        ConfigurationError: its settings do not fit together, or do not fit the source.
    """
    backend, flags, include = config.backend, config.compile.flags, config.compile.include
    is_python = source.endswith(".py")
    directives = dict(config.compile.directives)
    semantics = config.compile.semantics
    language, sources, libraries = "", dict[str, None](), dict[str, None]()
    macros: dict[str, str] = {}
    for pattern, settings in config.compile.module.items():
        if fnmatchcase(name, pattern):
            backend = settings.backend or backend
            directives.update(settings.directives)
            flags = (*flags, *settings.flags)
            include = (*include, *settings.include)
            semantics = settings.semantics or semantics
            if not is_python or pattern == name:  # a pattern that names several means those of Cython
                language = settings.language or language
            sources |= dict.fromkeys(settings.sources)
            libraries |= dict.fromkeys(settings.libraries)
            macros |= {macro: _value(value) for macro, value in settings.define_macros.items()}
    asked = Asked(language, tuple(sources), tuple(libraries), tuple(macros.items()))
    if backend == "mypyc":
        _require_of_mypyc(name, source, asked)
    keeps_python = is_python and semantics == "python"
    if keeps_python and language == "c++" and backend == "cython":
        raise ConfigurationError(
            f'{source}: `language = "c++"`, and plain Python keeps its meaning in C alone',
            hint=f'let it mean what Cython makes of it:\n[tool.buildkit.compile.module."{name}"]\nsemantics = "cython"',
        )
    return Module(name, source, backend, directives, tuple(flags), tuple(include), asked, keeps_python)


def require_used(config: Config, names: Collection[str]) -> None:
    """Check that each table of settings for modules is for one at least: a name that is mistyped would go unheard.

    Args:
        config: the project.
        names: all of its modules.

    Raises:
        ConfigurationError: there is one for none.
    """
    idle = [pattern for pattern in config.compile.module if not any(fnmatchcase(name, pattern) for name in names)]
    if idle:
        raise ConfigurationError(
            f"{config.file}: settings for modules that are not there",
            details=[f"compile.module.{pattern}: no module has that name{nearest(pattern, names)}" for pattern in idle],
            hint="a module is named as it is imported, such as app.core.fast; app.core.* names all of a package",
        )


def _value(value: object) -> str:
    """Return the value of a macro as the compiler gets it; empty for a name alone."""
    return "" if value is True else str(value)


def _require_of_mypyc(name: str, source: str, asked: Asked) -> None:
    if source.endswith(".pyx"):
        raise ConfigurationError(
            f"{source}: mypyc compiles Python, not Cython",
            hint=f'let Cython have it:\n[tool.buildkit.compile.module."{name}"]\nbackend = "cython"',
        )
    if asked.by_key:
        raise ConfigurationError(
            f"{source}: mypyc has no use for {', '.join(f'`{key}`' for key in asked.by_key)}",
            hint=f"mypyc wraps no C: take the settings of {name} away, or let Cython have it:\n"
            f'[tool.buildkit.compile.module."{name}"]\nbackend = "cython"',
        )
