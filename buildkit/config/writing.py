"""Writes settings into the user's pyproject.toml: comments and layout stay, and the file as it was lies beside it."""

from __future__ import annotations

import stat
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from buildkit.doors import files, reading
from buildkit.errors import ConfigurationError

if sys.version_info >= (3, 11):
    import tomllib
else:  # pragma: no cover - one interpreter takes one branch
    import tomli as tomllib


class Exclusion(NamedTuple):
    """A source that is to stay Python.

    Args:
        source: its path relative to the source root.
        reason: one line.
    """

    source: str
    reason: str


def exclude(file: Path, exclusions: Sequence[Exclusion]) -> None:
    """Add to `exclude` of [tool.buildkit], each with its reason as a comment; the old file is kept as `.original`.

    A copy that is there already stays: it is the file as the user had it before the suite ever wrote to it.

    Args:
        file: pyproject.toml.
        exclusions: what to add.

    Raises:
        ConfigurationError: the file has a form in which the lines cannot be added.
    """
    file = file.resolve()
    before = reading.read_text(file)
    after = with_exclusions(before, exclusions)
    original = file.with_name(f"{file.name}.original")
    if not original.exists():
        files.write(original, before)
    files.write(file, after, mode=stat.S_IMODE(file.stat().st_mode))


def with_exclusions(text: str, exclusions: Sequence[Exclusion]) -> str:
    """Return the text of pyproject.toml with what is to stay Python added.

    Raises:
        ConfigurationError: the text has a form in which that cannot be done.
    """
    import tomlkit  # noqa: PLC0415 - read by this alone
    from tomlkit.exceptions import TOMLKitError  # noqa: PLC0415

    try:
        document: Any = tomlkit.parse(text)
        tool = document.setdefault("tool", tomlkit.table(is_super_table=True))
        table = tool.setdefault("buildkit", tomlkit.table())
        if "exclude" not in table:
            table["exclude"] = tomlkit.array()
        for source, reason in exclusions:
            table["exclude"].add_line(source, comment=" ".join(reason.split()))
        after = tomlkit.dumps(document)
    except (TOMLKitError, AttributeError, TypeError) as error:
        raise _not_written(exclusions, str(error)) from None
    if tomllib.loads(after) != _expected(text, exclusions):
        raise _not_written(exclusions, "its layout is an unusual one")
    return after


def _expected(text: str, exclusions: Sequence[Exclusion]) -> dict[str, Any]:
    values = tomllib.loads(text)
    table = values.setdefault("tool", {}).setdefault("buildkit", {})
    table["exclude"] = [*table.get("exclude", []), *(each.source for each in exclusions)]
    return values


def _not_written(exclusions: Sequence[Exclusion], why: str) -> ConfigurationError:
    return ConfigurationError(
        f"pyproject.toml: `exclude` cannot be written: {why}", hint="\n".join(["write it by hand:", *lines(exclusions)])
    )


def lines(exclusions: Sequence[Exclusion]) -> list[str]:
    """Return the lines that say what to set, to be read or copied."""
    listed = [f'    "{source}",  # {reason}' for source, reason in exclusions]
    return ["[tool.buildkit]", "exclude = [", *listed, "]"]
