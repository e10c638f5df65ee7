"""Finds a project's migrations by Alembic's own configuration, without importing Alembic."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from buildkit.doors import reading
from buildkit.errors import ConfigurationError
from buildkit.migrate.scripts import env_text
from buildkit.migrate.scripts.alembic_files import AlembicFiles, from_ini, from_toml
from buildkit.migrate.settings import MigrationSettings

USUAL = "alembic.ini"


def find(
    root: Path,
    *,
    config: str = USUAL,
    metadata: str = "",
    project: Path | None = None,
    source: Path | None = None,
    **given: Any,  # noqa: ANN401 - as the fields say
) -> MigrationSettings | None:
    """Return the settings of the project in `root`, or None for a project without migrations.

    Looks for `config`, then for [tool.alembic] in pyproject.toml, then for a folder `migrations` with an env.py (and
    maybe with an alembic.ini, as Flask-Migrate makes it); all that in `root`, then in `project`.

    Args:
        root: the project's folder.
        config: Alembic's ini file, relative to `root` or `project`.
        metadata: the models' metadata; if empty, the `metadata` of Alembic's own configuration.
        project: the folder of the service if that is another one; Alembic then runs there.
        source: the source root, which is put on the path if no configuration sets the path.
        given: further fields of `MigrationSettings`: `url_env`, `app` and the times.

    Raises:
        ConfigurationError: the files exist, but Alembic would not accept them.
    """
    places = list(dict.fromkeys((root, *((project,) if project else ()))))
    if config != USUAL and not any(reading.is_file(place / config) for place in places):
        raise ConfigurationError(
            f"migrate.config: there is no {config} in {' or '.join(map(str, places))}",
            hint="name Alembic's ini file, relative to the folder of pyproject.toml",
        )
    for place in places:
        found = _in(place, config, source, metadata, given)
        if found is not None:
            return found
    if given.get("app"):
        return _of_application(places[-1], config, source, metadata, given)
    return None


def _in(
    root: Path, config: str, source: Path | None, metadata: str, given: Mapping[str, Any]
) -> MigrationSettings | None:
    ini = root / config if reading.is_file(root / config) and not config.endswith(".toml") else None
    toml = root / "pyproject.toml" if reading.is_file(root / "pyproject.toml") else None
    said = from_toml(toml) if toml else AlembicFiles()
    beside = root / "migrations" / USUAL
    if ini is None and not said.location and reading.is_file(beside):
        ini = beside
    if ini is not None:
        said = from_ini(ini).over(said)
    location = said.location or _unsaid(root, ini)
    if not location:
        return None
    folder = _folder(root, location, said.prepended)
    if ini is not None and not reading.is_file(folder / "env.py") and reading.is_file(ini.parent / "env.py"):
        folder = ini.parent  # Flask-Migrate sets it so, whatever the file says
    file = folder / "env.py"
    if not reading.is_file(file) and given.get("app"):
        return None  # it may configure another folder in code
    if not reading.is_file(file):
        raise ConfigurationError(
            f"{folder}: no env.py, which `script_location` promises",
            hint="correct `script_location`, or make the folder with `alembic init`",
        )
    alone = not said.location and not said.prepended
    paths = [root, *([source] if source is not None and source != root else [])] if alone or given.get("app") else []
    written = env_text.read(file, given.get("url_env", "DATABASE_URL"))
    return MigrationSettings(
        root=root,
        script_location=folder,
        ini=ini,
        toml=toml,
        versions=tuple(_folder(root, each, ()) for each in said.versions) or (folder / "versions",),
        recursive=said.recursive,
        paths=tuple(paths),
        version_table=written.version_table,
        version_schema=written.version_schema,
        metadata=metadata or said.metadata,
        **given,
    )


def _of_application(
    root: Path, config: str, source: Path | None, metadata: str, given: Mapping[str, Any]
) -> MigrationSettings:
    from buildkit.migrate import configured_in_code  # noqa: PLC0415 - it starts a process, and knows these settings

    ini = root / config if reading.is_file(root / config) else None
    paths = (root, *([source] if source is not None and source != root else []))
    asking = MigrationSettings(root=root, script_location=root, ini=ini, paths=paths, metadata=metadata, **given)
    found = configured_in_code.locate(asking)
    return replace(asking, script_location=found.folder, versions=found.versions, recursive=found.recursive)


def _unsaid(root: Path, ini: Path | None) -> str:
    """Return the folder of env.py if no configuration names it: that of the ini file, or else `migrations`."""
    for folder in (*((ini.parent,) if ini is not None else ()), root / "migrations"):
        if reading.is_file(folder / "env.py"):
            return os.path.relpath(folder, root)
    return ""


def _folder(root: Path, location: str, places: Sequence[str]) -> Path:
    """Return the folder that `location` stands for in Alembic: a path, or `package:path` inside a package."""
    package, colon, inside = location.partition(":")
    if not colon or Path(location).is_absolute():
        return Path(os.path.normpath(root / location))
    for place in (*places, ".", "src", *sys.path):
        folder = root / place / package.replace(".", "/")
        if reading.is_folder(folder):
            return Path(os.path.normpath(folder / inside))
    raise ConfigurationError(f"script_location: there is no package {package!r}", hint="write it as a path")
