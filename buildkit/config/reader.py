"""From the file, the environment and the flags to one `Config`, with every problem at once.

Precedence, weakest first: default, pyproject.toml, `CI` (which asks for the `release` profile),
`PYBUILDKIT_<SECTION>_<KEY>`, flag.
"""

from __future__ import annotations

import sys
from collections import ChainMap
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from buildkit.config import checks
from buildkit.config.settings import Config
from buildkit.config.tables import PREFIX, Tables
from buildkit.doors import reading
from buildkit.errors import ConfigurationError

if sys.version_info >= (3, 11):
    import tomllib
else:  # pragma: no cover - one interpreter takes one branch
    import tomli as tomllib

_PROFILE = f"{PREFIX}COMPILE_PROFILE"
_INIT = "let `python -m buildkit init` propose what is needed"
_NO = frozenset({"", "0", "no", "false"})


def load(folder: Path, environment: Mapping[str, str], flags: Mapping[str, str] | None = None) -> Config:
    """Return the configuration of the project that `folder` is in.

    Args:
        folder: where to look for a pyproject.toml with a [tool.buildkit] table, and then in each folder above.
        environment: the variables; `PYBUILDKIT_COMPILE_PROFILE` sets `compile.profile`.
        flags: values from the command line by key: `compile.profile` → `release`.

    Raises:
        ConfigurationError: no project, or any number of wrong settings, all named.
    """
    file, table = _find(folder.resolve())
    return _checked(file, _text(file) or "", table, environment, flags or {})


def load_text(file: Path, text: str, environment: Mapping[str, str]) -> Config:
    """Return the configuration that a project would have if its pyproject.toml had this text.

    Args:
        file: the pyproject.toml, which need not be there; the folders and files that the settings name must.
        text: valid TOML.
        environment: the variables.

    Raises:
        ConfigurationError: wrong settings, all named.
    """
    return _checked(file, text, tomllib.loads(text).get("tool", {}).get("buildkit", {}), environment, {})


def _checked(
    file: Path, text: str, table: dict[str, Any], environment: Mapping[str, str], flags: Mapping[str, str]
) -> Config:
    by_ci = in_ci(environment) and _PROFILE not in environment
    variables = ChainMap({_PROFILE: "release"} if by_ci else {}, cast("dict[str, str]", environment))
    tables = Tables(file.name, text, variables, flags)
    values = tables.section(Config, table, ())
    if by_ci and tables.origins["compile.profile"] == _PROFILE:
        tables.origins["compile.profile"] = "CI"
    if tables.problems:
        raise _wrong(file, tables.problems)
    values["source_root"] = values["source_root"] or ("src" if (file.parent / "src").is_dir() else ".")
    config = Config(root=file.parent, file=file, origins=tables.origins, **values)
    problems = checks.problems(config, environment)
    if problems:
        raise _wrong(file, [f"{file.name}: [tool.buildkit] {problem}" for problem in problems])
    return config


def in_ci(environment: Mapping[str, str]) -> bool:
    """Return whether `CI` is set to anything but a no."""
    return environment.get("CI", "").lower() not in _NO


def _find(folder: Path) -> tuple[Path, dict[str, Any]]:
    seen: Path | None = None
    for place in (folder, *folder.parents):
        file = place / "pyproject.toml"
        text = _text(file)
        if text is None:
            continue
        seen = seen or file
        try:
            document = tomllib.loads(text)
        except (ValueError, RecursionError) as error:
            raise ConfigurationError(f"{file}: not valid TOML: {error}", hint="mend the file and run again") from None
        tools = document.get("tool")
        table = tools.get("buildkit") if isinstance(tools, dict) else None
        if isinstance(table, dict):
            return file, table
    lines = '[tool.buildkit]\npackages = ["app"]        # your top-level packages; all of them where left out'
    if seen is not None:
        raise ConfigurationError(f"{seen}: no [tool.buildkit] table", hint=f"{_INIT}, or add to it:\n{lines}")
    raise ConfigurationError(
        f"{folder}: no pyproject.toml here or in a folder above", hint=f"{_INIT}, or make one with:\n{lines}"
    )


def _text(file: Path) -> str | None:
    """Return the text of a project's settings, None where there are none.

    Raises:
        ConfigurationError: something lies there that cannot be read as text.
    """
    try:
        return reading.read_text(file)
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{file}: not valid TOML: {error}", hint="mend the file and run again") from None
    except OSError as error:
        if error.errno in reading.NOWHERE and not file.is_symlink():
            return None
        raise ConfigurationError(f"{file}: {error.strerror}", hint="mend it, or take it away") from None


def _wrong(file: Path, problems: list[str]) -> ConfigurationError:
    count = "one setting is" if len(problems) == 1 else f"{len(problems)} settings are"
    return ConfigurationError(f"{file}: {count} wrong", details=problems, hint="the reference page lists every key")
