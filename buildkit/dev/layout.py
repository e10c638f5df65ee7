"""Finds the places that `invoke dev` watches, and the dependencies that a project declares."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from buildkit.config import Config
from buildkit.core.changes import Layout
from buildkit.dependencies import declared, lockfile
from buildkit.model import WORK

_NO_SERVICE = frozenset(
    {"build", "dist", "docs", "doc", "examples", "benchmarks", "migrations", "docker", "tests", "test"}
)
_NO_MODULES = frozenset({"tasks", "noxfile", "setup", "conftest"})


def layout_of(config: Config, versions: Sequence[Path], script_location: Path | None = None) -> Layout:
    """Return the layout of the project, as paths relative to its folder.

    Args:
        config: the project's settings.
        versions: the folders with its revision files.
        script_location: the folder with Alembic's env.py; None if there is none.
    """
    source = _relative(config.source, config)
    inside = f"{source}/" if source else ""
    backends = (config.backend, *(module.backend for module in config.compile.module.values()))
    services = config.dev.service.values()
    stages = [stage.run.partition(":")[0] for stage in config.data.stage if isinstance(stage.run, str)]
    return Layout(
        settings=tuple({"pyproject.toml": 0, _relative(config.service_folder / "pyproject.toml", config): 0}),
        source_root=source,
        packages=tuple(f"{inside}{name.replace('.', '/')}" for name in config.packages) or _packages(config, source),
        compiles=any(backend not in {"", "none"} for backend in backends),
        exclude=config.exclude,
        versions=tuple(_relative(folder, config) for folder in versions),
        migrations=(
            _relative(config.root / config.migrate.config, config),
            *(() if script_location is None else (_relative(script_location / "env.py", config),)),
        ),
        inputs=tuple(
            name for stage in config.data.stage for name in (*stage.inputs, stage.each) if name and ":" not in name
        ),
        stages=tuple(f"{inside}{module.replace('.', '/')}" for module in stages),
        locks=lockfile.NAMES,
        watched=tuple(dict.fromkeys((*config.dev.watch, *(glob for each in services for glob in each.watch)))),
        claimed=tuple(dict.fromkeys(glob for each in services for glob in each.watch)),
        outputs=(WORK, _relative(config.root / config.data.path, config)),
        native=tuple(dict.fromkeys(_native(config))),
    )


def dependencies(config: Config) -> Any:  # noqa: ANN401 - only compared
    """Return the dependencies in the service's pyproject.toml, to be compared with an earlier result.

    Raises:
        ConfigurationError: the file cannot be read.
    """
    return declared.relevant(declared.tables_of(config.service_folder))


def _native(config: Config) -> Iterator[str]:
    """Yield the folders of headers and declarations, and of further sources, that modules are compiled with."""
    modules = config.compile.module.values()
    for folder in (*config.compile.include, *(each for module in modules for each in module.include)):
        if not folder.startswith("package:"):
            yield _relative(config.root / folder, config)
    for path in (each for module in modules for each in module.sources):  # their headers lie beside them
        file = _relative(config.root / path, config)
        yield file.rpartition("/")[0] or file


def _packages(config: Config, source: str) -> tuple[str, ...]:
    """Return the places of the code if no packages are named: the source root, or else packages and modules found."""
    if source:
        return (source,)
    folders = [init.parent.name for init in config.source.glob("*/__init__.py*") if init.suffix in {".py", ".pyx"}]
    modules = [file.stem for file in config.source.glob("*.py")]
    return tuple(sorted({*folders} - _NO_SERVICE | {*modules} - _NO_MODULES))


def _relative(path: Path, config: Config) -> str:
    name = Path(os.path.relpath(path, config.root)).as_posix()
    return "" if name == "." else name
