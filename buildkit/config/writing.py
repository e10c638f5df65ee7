"""Writes settings into the user's pyproject.toml: comments and layout stay, and the file as it was lies beside it."""

from __future__ import annotations

import json
import re
import stat
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from buildkit.doors import files, originals, reading
from buildkit.errors import ConfigurationError

if sys.version_info >= (3, 11):
    import tomllib
else:  # pragma: no cover - one interpreter takes one branch
    import tomli as tomllib


_HEADING = re.compile(r"\s*\[\[?[\w\"'. -]+\]\]?\s*(#.*)?")


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
    originals.keep_first(file)
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


class Setting(NamedTuple):
    """A value that is to be written.

    Args:
        path: the names of its tables, then its own: `("tool", "buildkit", "dev", "command")`.
        value: texts, numbers, switches, lists and tables of them.
        reason: one line.
    """

    path: tuple[str, ...]
    value: Any
    reason: str

    @property
    def line(self) -> str:
        """The line of TOML that says it."""
        return f"{_key(self.path[-1])} = {toml(self.value)}"

    @property
    def heading(self) -> str:
        """The line of the table that it is in."""
        return f"[{'.'.join(map(_key, self.path[:-1]))}]"


def with_settings(text: str, settings: Sequence[Setting]) -> str:
    """Return the text of pyproject.toml with values added to it, each table's at its end; new tables come last.

    Args:
        text: the file as it is, in which none of the values is set.
        settings: what to add.

    Raises:
        ConfigurationError: the text has a form in which that cannot be done.
    """
    lines = text.splitlines()
    tables: dict[str, list[Setting]] = {}
    for each in settings:
        tables.setdefault(each.heading, []).append(each)
    new: list[str] = []
    for heading, added in tables.items():
        written = [each.line for each in added]
        at = _end_of(lines, added[0].path[:-1])
        if at:
            lines[at:at] = written
        else:
            new += [*([""] if new else []), heading, *written]
    while lines and not lines[-1].strip():
        lines.pop()
    if new:
        lines += [*([""] if lines else []), *new]
    after = "".join(f"{line}\n" for line in lines)
    expected = tomllib.loads(text)
    try:
        for each in settings:
            table = expected
            for name in each.path[:-1]:
                table = table.setdefault(name, {})
            table[each.path[-1]] = each.value
        if tomllib.loads(after) == expected:
            return after
    except (AttributeError, TypeError, tomllib.TOMLDecodeError):
        pass
    said = [line for heading, added in tables.items() for line in (heading, *(each.line for each in added))]
    raise ConfigurationError(
        "pyproject.toml: settings cannot be added: its layout is an unusual one",
        hint="\n".join(["write them by hand:", *said]),
    )


def toml(value: Any) -> str:  # noqa: ANN401 - whatever TOML has
    """Return a value as TOML writes it, in one line."""
    if isinstance(value, Mapping):
        inside = ", ".join(f"{_key(str(name))} = {toml(each)}" for name, each in value.items())
        return f"{{ {inside} }}" if inside else "{}"
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(toml, value))}]"
    return json.dumps(value, ensure_ascii=False)


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else json.dumps(name, ensure_ascii=False)


def _end_of(lines: Sequence[str], path: Sequence[str]) -> int:
    """Return where a line can be added to a table that has a heading of its own; 0 if it has none."""
    names = r"\s*\.\s*".join(rf"[\"']?{re.escape(name)}[\"']?" for name in path)
    heading = re.compile(rf"\s*\[\s*{names}\s*\]\s*(#.*)?")
    begin = next((at for at, line in enumerate(lines) if heading.fullmatch(line)), None)
    if begin is None:
        return 0
    end = next(
        (at for at in range(begin + 1, len(lines)) if re.match(r"\s*\[\[?[\w\"'. -]+\]\]?\s*(#.*)?$", lines[at])),
        len(lines),
    )
    while end > begin + 1 and (not lines[end - 1].strip() or lines[end - 1].lstrip().startswith("#")):
        end -= 1
    return end
