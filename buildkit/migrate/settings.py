"""Where a project keeps its migrations, read from Alembic's own configuration without importing Alembic."""

from __future__ import annotations

import ast
import os
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from buildkit.errors import ConfigurationError

VERSION_TABLE = "alembic_version"
_SEPARATORS = {"space": " ", "newline": "\n", "os": os.pathsep, ":": ":", ";": ";"}
_LEGACY_SEPARATOR = r", *|(?: +)"


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
        version_table: the table that holds the database's revision.
        version_schema: its schema; empty for the first of the search path.
        url_env: the variable that names the database.
        metadata: the models' metadata as `module:attribute`, for an env.py that names none; may be empty.
        wait: seconds to wait for a server that is starting.
        lock_wait: seconds to wait for another migration.
        lock_timeout: seconds that one statement may wait for a table.
        statement_timeout: seconds that one statement may take; 0 for any number.
        ahead: what to do with a database that is ahead of the code: `fail`, or `serve` and leave it as it is.
    """

    root: Path
    script_location: Path
    ini: Path | None = None
    toml: Path | None = None
    versions: tuple[Path, ...] = ()
    recursive: bool = False
    version_table: str = VERSION_TABLE
    version_schema: str = ""
    url_env: str = "DATABASE_URL"
    metadata: str = ""
    wait: float = 60.0
    lock_wait: float = 600.0
    lock_timeout: float = 5.0
    statement_timeout: float = 0.0
    ahead: str = "fail"

    def as_json(self) -> dict[str, object]:
        """Return the settings as JSON types, with every path relative to the root, so that they hold in a container."""

        def relative(path: Path | None) -> str | None:
            return None if path is None else os.path.relpath(path, self.root)

        return {
            "script_location": relative(self.script_location),
            "ini": relative(self.ini),
            "toml": relative(self.toml),
            "versions": [relative(folder) for folder in self.versions],
            "recursive": self.recursive,
            "version_table": self.version_table,
            "version_schema": self.version_schema,
            "url_env": self.url_env,
            "metadata": self.metadata,
            "wait": self.wait,
            "lock_wait": self.lock_wait,
            "lock_timeout": self.lock_timeout,
            "statement_timeout": self.statement_timeout,
            "ahead": self.ahead,
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any], root: Path) -> MigrationSettings:
        """Return the settings that `as_json` wrote, for the project as it lies under `root`."""

        def absolute(path: str) -> Path:
            return Path(os.path.normpath(root / path))

        paths: dict[str, Any] = {
            "script_location": absolute(values["script_location"]),
            "ini": None if values["ini"] is None else absolute(values["ini"]),
            "toml": None if values["toml"] is None else absolute(values["toml"]),
            "versions": tuple(absolute(folder) for folder in values["versions"]),
        }
        return cls(root=root, **{**values, **paths})


def find(root: Path, *, config: str = "alembic.ini", metadata: str = "", **given: Any) -> MigrationSettings | None:  # noqa: ANN401
    """Return the settings of the project in `root`, or None for a project without migrations.

    Looks for `config`, then for [tool.alembic] in pyproject.toml, then for a folder `migrations` with an env.py.

    Args:
        root: the project's folder.
        config: Alembic's ini file, relative to `root`.
        metadata: the models; where empty, what Alembic's own configuration names as `metadata`.
        given: further fields of `MigrationSettings`: `url_env` and the times.

    Raises:
        ConfigurationError: the files are there, but not as Alembic would take them.
    """
    ini = root / config if (root / config).is_file() and not config.endswith(".toml") else None
    toml = root / "pyproject.toml" if (root / "pyproject.toml").is_file() else None
    values = _toml_values(toml) if toml else {}
    if ini is not None:
        values |= _ini_values(ini)
    location = values.get("script_location")
    if location is None:
        if not (root / "migrations" / "env.py").is_file():
            return None
        location = "migrations"
    folder = _folder(root, location, values.get("prepend_sys_path", []))
    environment = folder / "env.py"
    if not environment.is_file():
        raise ConfigurationError(
            f"{folder}: no env.py, which `script_location` promises",
            hint="correct `script_location`, or make the folder with `alembic init`",
        )
    return MigrationSettings(
        root=root,
        script_location=folder,
        ini=ini,
        toml=toml,
        versions=tuple(_folder(root, each, []) for each in values.get("version_locations", ()))
        or (folder / "versions",),
        recursive=values.get("recursive_version_locations") in {True, "true"},
        version_table=_argument_of_configure(environment, "version_table") or VERSION_TABLE,
        version_schema=_argument_of_configure(environment, "version_table_schema") or "",
        metadata=metadata or values.get("metadata", ""),
        **given,
    )


def _toml_values(file: Path) -> dict[str, Any]:
    if sys.version_info >= (3, 11):
        import tomllib  # noqa: PLC0415 - not in the container, where `from_json` does
    else:  # pragma: no cover - one interpreter takes one branch
        import tomli as tomllib  # noqa: PLC0415
    table = tomllib.loads(file.read_text("utf-8")).get("tool", {}).get("alembic", {})
    here = {"here": file.parent.as_posix()}

    def filled(value: Any) -> Any:  # noqa: ANN401 - any TOML value
        if isinstance(value, str) and "%(here)s" in value:
            return value % here
        return [filled(item) for item in value] if isinstance(value, list) else value

    return {name: filled(value) for name, value in table.items()}


def _ini_values(file: Path) -> dict[str, Any]:
    import configparser  # noqa: PLC0415 - not in the container, where `from_json` does

    parser = configparser.ConfigParser({"here": file.parent.as_posix()})
    try:
        parser.read_string(file.read_text("utf-8"), str(file))
        section = dict(parser.items("alembic")) if parser.has_section("alembic") else {}
    except configparser.Error as error:
        raise ConfigurationError(f"{file}: not a valid ini file: {error.message}", hint="mend the file") from None
    separator = section.get("path_separator") or section.get("version_path_separator")
    pattern = re.escape(_SEPARATORS.get(separator, os.pathsep)) if separator else _LEGACY_SEPARATOR
    values: dict[str, Any] = {}
    for name in ("script_location", "recursive_version_locations", "metadata"):
        if section.get(name):
            values[name] = section[name]
    for name in ("version_locations", "prepend_sys_path"):
        if section.get(name):
            values[name] = [part.strip() for part in re.split(pattern, section[name]) if part.strip()]
    return values


def _folder(root: Path, location: str, places: list[str]) -> Path:
    """Return the folder that Alembic means by `location`: a path, or `package:path` inside a package."""
    package, colon, inside = location.partition(":")
    if not colon or Path(location).is_absolute():
        return Path(os.path.normpath(root / location))
    for place in (*places, ".", "src", *sys.path):
        folder = root / place / package.replace(".", "/")
        if folder.is_dir():
            return Path(os.path.normpath(folder / inside))
    raise ConfigurationError(f"script_location: there is no package {package!r}", hint="write it as a path")


def _argument_of_configure(file: Path, name: str) -> str | None:
    """Return what env.py gives `context.configure` for `name`; Alembic has no other place for the version table."""
    try:
        tree = ast.parse(file.read_text("utf-8"), str(file))
    except SyntaxError as error:
        raise ConfigurationError(f"{file}:{error.lineno}: {error.msg}", hint="mend the file") from None
    found = {_literal(file, keyword) for keyword in _keywords(tree) if keyword.arg == name}
    if len(found) > 1:
        raise ConfigurationError(f"{file}: `{name}` differs between the calls of configure()", hint="use one value")
    return found.pop() if found else None


def _keywords(tree: ast.AST) -> Iterator[ast.keyword]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield from node.keywords


def _literal(file: Path, keyword: ast.keyword) -> str | None:
    if isinstance(keyword.value, ast.Constant) and isinstance(keyword.value.value, (str, type(None))):
        return keyword.value.value
    raise ConfigurationError(
        f"{file}:{keyword.value.lineno}: `{keyword.arg}` is not a literal text",
        hint="write the name out, so that the database can be asked without running env.py",
    )
