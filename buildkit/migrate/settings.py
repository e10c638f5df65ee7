"""A project's migration settings: frozen values, which an image carries as JSON."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from buildkit.core import untrusted
from buildkit.errors import ConfigurationError

VERSION_TABLE = "alembic_version"
"""Alembic's default name of the version table."""
_TIMES = frozenset({"wait", "lock_wait", "lock_timeout", "statement_timeout"})


@dataclass(frozen=True, slots=True)
class MigrationSettings:
    """Everything that the migration step needs to know about a project.

    Args:
        root: the project's folder; Alembic runs in it.
        script_location: the folder with env.py.
        ini: Alembic's ini file, where there is one.
        toml: the pyproject.toml that may have a [tool.alembic] table, where there is one.
        versions: the folders with the revision files.
        recursive: whether folders below `versions` are searched too.
        version_table: the version table's name, as far as env.py's text shows it.
        version_schema: its schema; empty for the first of the search path.
        url_env: the environment variable that names the database.
        paths: folders that come first on `sys.path` if Alembic's configuration does not set it.
        app: the application whose context env.py needs, or a configuration made in code, as `module:attribute`.
        metadata: the models' metadata as `module:attribute`, for an env.py that names none; may be empty.
        wait: seconds to wait for a server that is starting.
        lock_wait: seconds to wait for another migration.
        lock_timeout: seconds that one statement may wait for a table.
        statement_timeout: seconds that one statement may take; 0 for any number.
        ahead: what to do with a database that is ahead of the code: `fail`, or `serve` and leave it as it is.
        gone: ids of deleted revisions that do not follow head, as git listed them when the image was built; empty where
            git can be asked.
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
            base: the folder that the root is made relative to; None for the root itself.
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
        """Return the settings that `as_json` wrote, for the project under the folder `base`.

        Raises:
            ConfigurationError: the values are not what `as_json` wrote.
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
