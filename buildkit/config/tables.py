"""One pass over the tables of [tool.buildkit], each value from the flag, the variable or the file that gives it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import Field, fields
from typing import Any

from buildkit.config.forms import FORMS
from buildkit.config.messages import line_of, nearest, shown, written
from buildkit.config.option import keys
from buildkit.config.values import parse

PREFIX = "PYBUILDKIT_"


class Tables:
    """Reads the tables, and collects problems instead of stopping at the first.

    Args:
        file: the name of the file, as messages have it.
        text: its text, in which lines are counted.
        environment: the variables.
        flags: values from the command line by key.
    """

    def __init__(self, file: str, text: str, environment: Mapping[str, str], flags: Mapping[str, str]) -> None:
        self._file = file
        self._text = text
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
                self._problem((*path, key), f"unknown key{nearest(key, known)}")
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
            (self._file, raw),
        ):
            if value is None:
                continue
            self.origins[name] = origin
            try:
                parsed = parse(item.metadata["kind"], value)
            except ValueError as error:
                self._problem(path, f"expected {error}, found {shown(value)}", origin)
                break
            choices = item.metadata["choices"]
            if choices and parsed not in choices:
                wanted = ", ".join(f'"{choice}"' for choice in choices if choice)
                self._problem(
                    path, f"expected one of {wanted}, found {parsed!r}{nearest(str(parsed), choices)}", origin
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
            found = "" if isinstance(value, Mapping) else f", found {shown(value)}"  # a table may hold what is secret
            self._problem(path, f"expected {error}{found}", origin)
            return False
        return True

    def _problem(self, path: tuple[str, ...], words: str, origin: str = "") -> None:
        if origin and origin != self._file:
            self.problems.append(f"{origin}: {words}")
            return
        line = line_of(self._text, path, self._number)
        where = f"{self._file}:{line}" if line else self._file
        self.problems.append(f"{where}: [tool.buildkit] {'.'.join(map(written, path))}: {words}")
