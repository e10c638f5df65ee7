"""Where a project keeps its migrations, read from Alembic's own configuration without importing Alembic."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from buildkit.core import untrusted
from buildkit.doors import reading
from buildkit.errors import ConfigurationError
from buildkit.migrate import environment
from buildkit.migrate.configured import Configured, from_ini, from_toml
from buildkit.migrate.environment import VERSION_TABLE

USUAL = "alembic.ini"
_TIMES = frozenset({"wait", "lock_wait", "lock_timeout", "statement_timeout"})


@dataclass(frozen=True, slots=True)
class MigrationSettings:
    """All that the migration step needs to know of a project.

    Args:
        root: the project's folder; Alembic runs in it.
        script_location: the folder with env.py.
        ini: Alembic's ini file, where there is one.
        toml: the pyproject.toml that may have a [tool.alembic] table, where there is one.
        versions: the folders with the revision files.
        recursive: whether folders below `versions` are searched too.
        version_table: the table that holds the database's revision, as far as env.py's text says it.
        version_schema: its schema; empty for the first of the search path.
        url_env: the variable that names the database.
        paths: folders that go first on `sys.path`, where no configuration of Alembic's says which.
        app: the application whose context env.py wants, or a configuration made in code, as `module:attribute`.
        metadata: the models' metadata as `module:attribute`, for an env.py that names none; may be empty.
        wait: seconds to wait for a server that is starting.
        lock_wait: seconds to wait for another migration.
        lock_timeout: seconds that one statement may wait for a table.
        statement_timeout: seconds that one statement may take; 0 for any number.
        ahead: what to do with a database that is ahead of the code: `fail`, or `serve` and leave it as it is.
        gone: ids that the code had once, as git told when an image was built; where there is git, it is asked.
    """

    root: Path
    script_location: Path
    ini: Path | None = None
    toml: Path | None = None
    versions: tuple[Path, ...] = ()
    recursive: bool = False
    paths: tuple[Path, ...] = ()
    app: str = ""
    version_table: str = VERSION_TABLE
    version_schema: str = ""
    url_env: str = "DATABASE_URL"
    metadata: str = ""
    wait: float = 60.0
    lock_wait: float = 600.0
    lock_timeout: float = 5.0
    statement_timeout: float = 0.0
    ahead: str = "fail"
    gone: tuple[str, ...] = ()

    def as_json(self, base: Path | None = None) -> dict[str, object]:
        """Return the settings as JSON types, with every path relative to the root, so that they hold in a container.

        Args:
            base: what the root itself is relative to; the root where None.
        """

        def relative(path: Path | None) -> str | None:
            return None if path is None else os.path.relpath(path, self.root)

        return {
            "root": os.path.relpath(self.root, base or self.root),
            "script_location": relative(self.script_location),
            "ini": relative(self.ini),
            "toml": relative(self.toml),
            "versions": [relative(folder) for folder in self.versions],
            "recursive": self.recursive,
            "paths": [relative(folder) for folder in self.paths],
            "app": self.app,
            "version_table": self.version_table,
            "version_schema": self.version_schema,
            "url_env": self.url_env,
            "metadata": self.metadata,
            "wait": self.wait,
            "lock_wait": self.lock_wait,
            "lock_timeout": self.lock_timeout,
            "statement_timeout": self.statement_timeout,
            "ahead": self.ahead,
            "gone": list(self.gone),
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any], base: Path) -> MigrationSettings:
        """Return the settings that `as_json` wrote, for the project as it lies under `base`.

        Raises:
            ConfigurationError: it is not what that writes.
        """
        try:
            return cls._read(values, base)
        except (KeyError, ValueError, TypeError) as error:
            words = f"no {error}" if isinstance(error, KeyError) else error
            raise ConfigurationError(
                f"not the settings of a migration: {untrusted.shown(words)}", hint="build the image anew"
            ) from None

    @classmethod
    def _read(cls, values: Mapping[str, Any], base: Path) -> MigrationSettings:
        for name, value in values.items():
            if name in _TIMES:
                untrusted.seconds(value)
            elif name in {"versions", "paths", "gone"}:
                untrusted.texts(value)
            elif name == "recursive":
                if not isinstance(value, bool):
                    raise untrusted.Odd("recursive is neither true nor false")
            elif value is not None or name not in {"ini", "toml"}:
                untrusted.text(value)
        root = Path(os.path.normpath(base / values.get("root", ".")))

        def absolute(path: str) -> Path:
            return Path(os.path.normpath(root / path))

        paths: dict[str, Any] = {
            "script_location": absolute(values["script_location"]),
            "ini": None if values["ini"] is None else absolute(values["ini"]),
            "toml": None if values["toml"] is None else absolute(values["toml"]),
            "versions": tuple(absolute(folder) for folder in values["versions"]),
            "paths": tuple(absolute(folder) for folder in values.get("paths", ())),
            "gone": tuple(values.get("gone", ())),
            "root": root,
        }
        return cls(**{**values, **paths})


@dataclass(frozen=True, slots=True)
class Located:
    """Where the revisions of a project are.

    Args:
        folder: the one with env.py.
        versions: those with the revision files.
        recursive: whether folders below them are searched too.
    """

    folder: Path
    versions: tuple[Path, ...]
    recursive: bool


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
        metadata: the models; where empty, what Alembic's own configuration names as `metadata`.
        project: the folder of the service, where that is another one; Alembic then runs there.
        source: the source root, which is on the path where no configuration says what is.
        given: further fields of `MigrationSettings`: `url_env`, `app` and the times.

    Raises:
        ConfigurationError: the files are there, but not as Alembic would take them.
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
    said = from_toml(toml) if toml else Configured()
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
    written = environment.read(file, given.get("url_env", "DATABASE_URL"))
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
    from buildkit.migrate import located  # noqa: PLC0415 - it starts a process, and knows these settings

    ini = root / config if reading.is_file(root / config) else None
    paths = (root, *([source] if source is not None and source != root else []))
    asking = MigrationSettings(root=root, script_location=root, ini=ini, paths=paths, metadata=metadata, **given)
    found = located.ask(asking)
    return replace(asking, script_location=found.folder, versions=found.versions, recursive=found.recursive)


def _unsaid(root: Path, ini: Path | None) -> str:
    """Return the folder of env.py where no configuration names it: beside the ini file, else the usual one."""
    for folder in (*((ini.parent,) if ini is not None else ()), root / "migrations"):
        if reading.is_file(folder / "env.py"):
            return os.path.relpath(folder, root)
    return ""


def _folder(root: Path, location: str, places: Sequence[str]) -> Path:
    """Return the folder that Alembic means by `location`: a path, or `package:path` inside a package."""
    package, colon, inside = location.partition(":")
    if not colon or Path(location).is_absolute():
        return Path(os.path.normpath(root / location))
    for place in (*places, ".", "src", *sys.path):
        folder = root / place / package.replace(".", "/")
        if reading.is_folder(folder):
            return Path(os.path.normpath(folder / inside))
    raise ConfigurationError(f"script_location: there is no package {package!r}", hint="write it as a path")
