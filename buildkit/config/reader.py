"""From the file, the environment and the flags to one `Config`, with every problem at once.

Precedence, weakest first: default, pyproject.toml, `CI` (which asks for the `release` profile),
`PYBUILDKIT_<SECTION>_<KEY>`, flag.
"""

from __future__ import annotations

import re
import sys
from collections import ChainMap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import Field, fields
from pathlib import Path
from typing import Any, cast

from buildkit.config import places
from buildkit.config.forms import FORMS
from buildkit.config.settings import Config, StageConfig, keys
from buildkit.config.values import parse
from buildkit.doors import reading
from buildkit.errors import ConfigurationError

if sys.version_info >= (3, 11):
    import tomllib
else:  # pragma: no cover - one interpreter takes one branch
    import tomli as tomllib

PREFIX = "PYBUILDKIT_"
_PROFILE = f"{PREFIX}COMPILE_PROFILE"
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
    by_ci = in_ci(environment) and _PROFILE not in environment
    variables = ChainMap({_PROFILE: "release"} if by_ci else {}, cast("dict[str, str]", environment))
    reading = _Reading(file, variables, flags or {})
    values = reading.section(Config, table, ())
    if by_ci and reading.origins["compile.profile"] == _PROFILE:
        reading.origins["compile.profile"] = "CI"
    if reading.problems:
        raise _problems(file, reading.problems)
    values["source_root"] = values["source_root"] or ("src" if (file.parent / "src").is_dir() else ".")
    config = Config(root=file.parent, file=file, origins=reading.origins, **values)
    _check(config, environment)
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
        raise ConfigurationError(f"{seen}: no [tool.buildkit] table", hint=f"add to it:\n{lines}")
    raise ConfigurationError(f"{folder}: no pyproject.toml here or in a folder above", hint=f"make one with:\n{lines}")


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


class _Reading:
    """One pass over the settings; collects problems instead of stopping at the first."""

    def __init__(self, file: Path, environment: Mapping[str, str], flags: Mapping[str, str]) -> None:
        self._file = file
        self._text = _text(file) or ""
        self._environment = environment
        self._flags = flags
        self._number = 0
        self.problems: list[str] = []
        self.origins: dict[str, str] = {}

    def section(self, kind: type, table: Any, path: tuple[str, ...]) -> dict[str, Any]:  # noqa: ANN401
        """Return the values of one dataclass of settings from its TOML table."""
        if not isinstance(table, dict):
            self._problem(path, "expected a table")
            return {}
        known = keys(kind)
        for key in table:
            if key not in known:
                self._problem((*path, key), f"unknown key{_nearest(key, known)}")
        return {item.name: self._value(item, table, path) for item in fields(kind) if item.metadata}

    def _value(self, item: Field[Any], table: dict[str, Any], path: tuple[str, ...]) -> Any:  # noqa: ANN401
        key = item.name.replace("_", "-")
        here = (*path, key)
        raw = table.get(key)
        meta = item.metadata
        if "section" in meta:
            return meta["section"](**self.section(meta["section"], {} if raw is None else raw, here))
        if "tables" in meta:
            if raw is not None and not isinstance(raw, dict):
                self._problem(here, "expected a table of tables")
                return {}
            return {
                name: meta["tables"](**self.section(meta["tables"], sub, (*here, name)))
                for name, sub in (raw or {}).items()
                if self._fits(meta["named"], name, (*here, name))
            }
        if "list" in meta:
            if raw is not None and not isinstance(raw, list):
                self._problem(here, "expected a list of tables")
                return ()
            return tuple(self._numbered(meta["list"], raw or [], here))
        return self._scalar(item, raw, here)

    def _numbered(self, kind: type, tables: list[Any], path: tuple[str, ...]) -> Iterator[Any]:
        for self._number, table in enumerate(tables):
            yield kind(**self.section(kind, table, path))
        self._number = 0

    def _scalar(self, item: Field[Any], raw: Any, path: tuple[str, ...]) -> Any:  # noqa: ANN401
        name = ".".join(path)
        variable = PREFIX + "_".join(path).replace("-", "_").replace(".", "_").upper()
        for origin, value in (
            (f"--{path[-1]}", self._flags.get(name)),
            (variable, self._environment.get(variable)),
            (self._file.name, raw),
        ):
            if value is None:
                continue
            self.origins[name] = origin
            try:
                parsed = parse(item.metadata["kind"], value)
            except ValueError as error:
                self._problem(path, f"expected {error}, found {_shown(value)}", origin)
                break
            choices = item.metadata["choices"]
            if choices and parsed not in choices:
                wanted = ", ".join(f'"{choice}"' for choice in choices if choice)
                self._problem(
                    path, f"expected one of {wanted}, found {parsed!r}{_nearest(str(parsed), choices)}", origin
                )
                break
            if not self._fits(item.metadata["form"], parsed, path, origin):
                break
            return parsed
        return item.default_factory() if callable(item.default_factory) else item.default

    def _fits(self, form: str, value: Any, path: tuple[str, ...], origin: str = "") -> bool:  # noqa: ANN401
        """Hold a value or a name to its form; return whether it fits."""
        try:
            if form:
                FORMS[form](value)
        except ValueError as error:
            shown = "" if isinstance(value, Mapping) else f", found {_shown(value)}"  # a table may hold what is secret
            self._problem(path, f"expected {error}{shown}", origin)
            return False
        return True

    def _problem(self, path: tuple[str, ...], words: str, origin: str = "") -> None:
        if origin and origin != self._file.name:
            self.problems.append(f"{origin}: {words}")
            return
        line = _line_of(self._text, path, self._number)
        where = f"{self._file.name}:{line}" if line else self._file.name
        self.problems.append(f"{where}: [tool.buildkit] {'.'.join(map(_key, path))}: {words}")


def _check(config: Config, environment: Mapping[str, str]) -> None:
    """Look at what only makes sense together: folders that must exist, packages that must be there."""
    problems = [*places.problems(config, environment)]
    if not reading.is_folder(config.source):
        problems.append(f'source-root: there is no folder "{config.source_root}"')
    elif "\n" in str(config.source):
        problems.append("source-root: no line break in its path, as compilers list the headers that they read by lines")
    elif config.packages:
        found = _packages(config.source)
        problems += [
            f'packages: there is no package or module "{name}" under {config.source_root}/{_nearest(name, found)}'
            for name in config.packages
            if not any((config.source / f"{name.replace('.', '/')}{ending}").exists() for ending in ("", ".py", ".pyx"))
        ]
    if not reading.is_file(config.service / "pyproject.toml"):
        problems.append(f'project: there is no "{config.project}/pyproject.toml"')
    if config.store.remote:
        problems.append("store.remote: remote stores are not part of this version")
    names = [stage.name for stage in config.data.stage]
    for at, stage in enumerate(config.data.stage):
        label = stage.name or f"number {at + 1}"
        if not stage.name or names.index(stage.name) != at:
            problems.append(f"data.stage {label}: every stage needs a name of its own")
        if not stage.run or not stage.outputs:
            problems.append(f"data.stage {label}: needs `run` and `outputs`")
        problems += [
            f'data.stage {label}: input "{name}": no such stage before it{_nearest(name[6:], names[:at])}'
            for name in stage.inputs
            if name.startswith("stage:") and name[6:] not in names[:at]
        ]
        problems += [f"data.stage {label}: {words}" for words in _of_pieces(stage, config.data.stage[:at])]
    includes = {
        "": config.compile.include,
        **{f".module.{at}": its.include for at, its in config.compile.module.items()},
    }
    problems += [
        f'compile{at}.include: there is no folder "{folder}"'
        for at, folders in includes.items()
        for folder in folders
        if not folder.startswith("package:") and not reading.is_folder(config.root / folder)
    ]
    if problems:
        raise _problems(config.file, [f"{config.file.name}: [tool.buildkit] {problem}" for problem in problems])


def _of_pieces(stage: StageConfig, before: Sequence[StageConfig]) -> Iterator[str]:
    """Yield what is wrong with `each` and `combine` of a stage, given the stages before it."""
    names = [other.name for other in before]
    scheme, _, rest = stage.each.partition(":")
    name = rest.partition("/")[0]
    if scheme == "stage" and name not in names:
        yield f'each "{stage.each}": no such stage before it{_nearest(name, names)}'
    if scheme == "env":
        yield f'each "{stage.each}": a variable has no pieces; name it in `inputs`'
    for name in stage.combine:
        other = next((other for other in before if other.name == name), None)
        if other is None:
            near = _nearest(name, [each.name for each in before if each.each])
            yield f'combine "{name}": no such stage before it{near}'
        elif not other.each:
            yield f'combine "{name}": it is not in pieces; write "stage:{name}" in `inputs`, or give it `each`'


def _packages(source: Path) -> list[str]:
    return sorted(entry.stem for entry in source.iterdir() if entry.is_dir() or entry.suffix in {".py", ".pyx"})


def _problems(file: Path, problems: list[str]) -> ConfigurationError:
    count = "one setting is" if len(problems) == 1 else f"{len(problems)} settings are"
    return ConfigurationError(f"{file}: {count} wrong", details=problems, hint="the reference page lists every key")


def _shown(value: object) -> str:
    try:
        return repr(value)
    except ValueError:  # Python's limit for numbers
        return "a number without end"
    except RecursionError:
        return "a table without end"


def _key(name: str) -> str:
    """Return a key so that it fits on a line, whatever it is made of."""
    return name if name.isprintable() else repr(name)


def _nearest(word: str, known: Iterable[str]) -> str:
    import difflib  # noqa: PLC0415 - only on the way to an error

    close = difflib.get_close_matches(word, [name for name in known if name], n=1, cutoff=0.5)
    return f'; did you mean "{close[0]}"?' if close else ""


def _line_of(text: str, path: tuple[str, ...], number: int) -> int:
    """Return the line on which a setting stands, from 1; 0 if it cannot be told.

    Args:
        text: the file.
        path: the setting's keys below [tool.buildkit].
        number: which of the tables of a list it is in, from 0.
    """
    wanted = ("tool", "buildkit", *path)
    table: tuple[str, ...] = ()
    tables, nearest, length = 0, 0, 2
    for at, line in enumerate(text.splitlines(), 1):
        words = line.strip()
        if words.startswith("["):
            found = table = _keys(words.strip("[]").partition("]")[0])
            tables += words.startswith("[[") and wanted[: len(table)] == table
            if table[: len(wanted)] == wanted and tables in {0, number + 1}:
                return at
        else:
            found = (*table, *_keys(words.partition("=")[0]))
        if wanted[: len(found)] == found and len(found) > length and tables in {0, number + 1}:
            nearest, length = at, len(found)
    return nearest


def _keys(text: str) -> tuple[str, ...]:
    """Return the keys of a dotted key, of which each may be in quotes."""
    return tuple(bare or quoted.strip("\"'") for bare, quoted in re.findall(r"""([\w-]+)|("[^"]*"|'[^']*')""", text))
