"""Reads Alembic's configuration files as Alembic does, without importing it.

Only the options that are needed here are interpolated, so others may hold what only env.py can fill in.
"""

from __future__ import annotations

import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from buildkit.doors import reading
from buildkit.errors import ConfigurationError

_SECTION = "alembic"
_SEPARATORS = {"space": " ", "newline": "\n", "os": os.pathsep, ":": ":", ";": ";"}
_LEGACY_SEPARATOR = r", *|(?: +)"
_LEGACY_PATH_SEPARATOR = rf"{_LEGACY_SEPARATOR}|:"
_WIDE = re.compile(r"%(?:\(here\))?[-#0 +]*[0-9]{5,}")
_NAMED = re.compile(r"%\(([^()]*)\)s")
_LONGEST = 1 << 20
_DEEPEST = 10  # as configparser has it


@dataclass(frozen=True, slots=True)
class AlembicFiles:
    """The values in Alembic's configuration files; empty where not set.

    Args:
        location: `script_location`.
        versions: `version_locations`.
        prepended: `prepend_sys_path`.
        recursive: `recursive_version_locations`.
        metadata: this suite's own `metadata`.
    """

    location: str = ""
    versions: tuple[str, ...] = ()
    prepended: tuple[str, ...] = ()
    recursive: bool = False
    metadata: str = ""

    def over(self, other: AlembicFiles) -> AlembicFiles:
        """Return the merged values: this one's where set, else the other's."""
        return AlembicFiles(
            self.location or other.location,
            self.versions or other.versions,
            self.prepended or other.prepended,
            self.recursive or other.recursive,
            self.metadata or other.metadata,
        )


def from_toml(file: Path) -> AlembicFiles:
    """Return the values of the table [tool.alembic].

    Raises:
        ConfigurationError: it cannot be read, or a value is not of the type that Alembic takes.
    """
    if sys.version_info >= (3, 11):
        import tomllib  # noqa: PLC0415 - not in the container, where the settings come as JSON
    else:  # pragma: no cover - one interpreter takes one branch
        import tomli as tomllib  # noqa: PLC0415
    try:
        document = tomllib.loads(reading.read(file, most=reading.TEXT).decode())
    except (ValueError, RecursionError) as error:
        raise ConfigurationError(f"{file}: not valid TOML: {error}", hint="mend the file") from None
    tools = document.get("tool", {})
    table = tools.get("alembic", {}) if isinstance(tools, dict) else {}
    if not isinstance(table, dict):
        raise ConfigurationError(f"{file}: [tool.alembic] is no table", hint="write its keys below [tool.alembic]")
    here = {"here": file.absolute().parent.as_posix()}

    def text(name: str) -> str:
        return _filled(table.get(name, ""), here, f"{file}: [tool.alembic] {name}")

    def texts(name: str) -> tuple[str, ...]:
        values = table.get(name, [])
        if not isinstance(values, list):
            raise ConfigurationError(f"{file}: [tool.alembic] {name} is not a list", hint=f'{name} = ["{values}"]')
        return tuple(_filled(each, here, f"{file}: [tool.alembic] {name}") for each in values)

    return AlembicFiles(
        text("script_location"),
        texts("version_locations"),
        texts("prepend_sys_path"),
        table.get("recursive_version_locations") is True,
        text("metadata"),
    )


def _filled(value: Any, here: dict[str, str], name: str) -> str:  # noqa: ANN401 - any TOML value
    if not isinstance(value, str):
        raise ConfigurationError(f"{name} is not a text", hint="write it in quotes")
    if _WIDE.search(value.replace("%%", "")):
        raise ConfigurationError(f"{name}: it fills more than a path has", hint="write %(here)s without a width")
    try:
        return value % here
    except (KeyError, ValueError, TypeError) as error:
        raise ConfigurationError(
            f"{name}: {type(error).__name__}: {error}",
            hint="write %% for a percent sign; %(here)s is the file's folder",
        ) from None


def from_ini(file: Path) -> AlembicFiles:
    """Return the values of the section [alembic] of an ini file.

    Raises:
        ConfigurationError: it cannot be read, or one of the options that are needed here cannot be filled.
    """
    import configparser  # noqa: PLC0415 - not in the container, where the settings come as JSON

    parser = configparser.ConfigParser({"here": file.absolute().parent.as_posix()})
    try:
        with open(reading.opened(file), encoding="locale") as lines:  # noqa: PTH123 - as Alembic reads it
            parser.read_file(lines, str(file))
        _require_short(file, parser)
        read = (
            {name: parser.get(_SECTION, name, fallback="") for name in _NAMES} if parser.has_section(_SECTION) else {}
        )
    except configparser.Error as error:
        mark = reading.read(file, most=reading.TEXT).startswith(b"\xef\xbb\xbf")
        raise ConfigurationError(
            f"{file}: not a valid ini file: {error.message}",
            hint="save it without a byte order mark, which Alembic does not take either" if mark else "mend the file",
        ) from None
    except UnicodeDecodeError as error:
        raise ConfigurationError(
            f"{file}: not in the encoding of this process: {error}",
            hint="Alembic reads the file in the locale's encoding: set LC_ALL=C.UTF-8, or write it so",
        ) from None
    separator = read.get("path_separator") or read.get("version_path_separator") or ""
    return AlembicFiles(
        read.get("script_location", ""),
        _split(file, read.get("version_locations", ""), separator, _LEGACY_SEPARATOR),
        _split(file, read.get("prepend_sys_path", ""), read.get("path_separator", ""), _LEGACY_PATH_SEPARATOR),
        read.get("recursive_version_locations") == "true",
        read.get("metadata", ""),
    )


_NAMES = (
    *("script_location", "version_locations", "prepend_sys_path", "recursive_version_locations", "metadata"),
    *("path_separator", "version_path_separator"),
)


def _require_short(file: Path, parser: Any) -> None:  # noqa: ANN401 - a parser, of a module that is loaded late
    """Refuse options whose interpolation expands exponentially: ten lines can expand to more than memory holds.

    Raises:
        ConfigurationError: an option that is needed here expands too far.
    """
    raw = dict(parser.items(_SECTION, raw=True)) if parser.has_section(_SECTION) else {}
    own = {name: len(text or "") for name, text in raw.items()}
    named = {name: [other.lower() for other in _NAMED.findall(text or "")] for name, text in raw.items()}
    sizes = own
    for _ in range(_DEEPEST):
        sizes = {name: size + sum(sizes.get(other, 0) for other in named[name]) for name, size in own.items()}
    for name in _NAMES:
        if sizes.get(name, 0) > _LONGEST:
            raise ConfigurationError(f"{file}: {name} is longer than any path", hint="write it out")


def _split(file: Path, text: str, separator: str, otherwise: str) -> tuple[str, ...]:
    """Return the parts; a wrong separator is an error only if there is something to split."""
    if text and separator and separator not in _SEPARATORS:
        raise ConfigurationError(
            f"{file}: path_separator {separator!r} is none", hint=f"one of {', '.join(_SEPARATORS)}"
        )
    pattern = re.escape(_SEPARATORS[separator]) if separator in _SEPARATORS else otherwise
    return tuple(part.strip() for part in re.split(pattern, text) if part.strip())
