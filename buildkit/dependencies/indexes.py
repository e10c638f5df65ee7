"""The package indexes that a project names, with the credentials that its tools keep in variables.

uv, Poetry and PDM leave credentials out of pyproject.toml and of their locks, each in its way. What is put together
here is secret: it goes to an installer, and to no file, layer or command line.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

from buildkit.dependencies.locked import PUBLIC, Locked
from buildkit.errors import ConfigurationError

_VARIABLE = re.compile(r"\$\{(\w+)\}")
_POETRY_MAIN = ("primary", "default", "")


@dataclass(frozen=True, slots=True)
class Index:
    """A package index.

    Args:
        address: where it is, with credentials if there are any.
        main: whether it stands in the place of the usual one.
    """

    address: str = field(repr=False)
    main: bool = False


def of(locked: Locked, tables: Mapping[str, Any], variables: Mapping[str, str]) -> tuple[Index, ...]:
    """Return the indexes that an installer needs for the packages of a lock, beside the usual one.

    Args:
        locked: the packages. Where they name no index, all that pyproject.toml names are taken.
        tables: the tables of pyproject.toml.
        variables: the environment.

    Raises:
        ConfigurationError: an address is not valid.
    """
    try:
        known = [*_configured(tables, variables)]
    except ValueError as error:
        raise ConfigurationError(f"pyproject.toml: the address of an index: {error}", hint="mend it") from None
    if not locked.indexes:
        names_them = locked.file in ("uv.lock", "poetry.lock") or locked.named
        return () if names_them else tuple(index for _, index in known)
    places = {package.source.place for package in locked.packages if package.source.kind == "index"}
    only = len(places) == 1 and bool(locked.packages) and not locked.named
    by_place = {_bare(index.address): index for _, index in known}
    found: list[Index] = []
    for at, place in enumerate(locked.indexes):
        index = by_place.get(_bare(place), Index(place))
        main = only or index.main or bool(locked.named and at == 0 and "" not in locked.named)
        found.append(Index(index.address, main and not any(each.main for each in found)))
    return tuple(found)


def _configured(tables: Mapping[str, Any], variables: Mapping[str, str]) -> Iterable[tuple[str, Index]]:
    tool = _table(tables.get("tool"))
    uv, poetry, pdm = (_table(tool.get(name)) for name in ("uv", "poetry", "pdm"))
    for row in _rows(uv.get("index")):
        name = re.sub(r"[^A-Z0-9]", "_", str(row.get("name", "")).upper())
        yield _index(row, f"UV_INDEX_{name}", variables, main=row.get("default") is True)
    for row in _rows(poetry.get("source")):
        name = re.sub(r"[-.]", "_", str(row.get("name", "")).upper())
        main = str(row.get("priority", "")).lower() in _POETRY_MAIN
        yield _index(row, f"POETRY_HTTP_BASIC_{name}", variables, main=main)
    for row in _rows(pdm.get("source")):
        yield _index(row, "", variables, main=row.get("name") == "pypi")


def _index(row: Mapping[str, Any], prefix: str, variables: Mapping[str, str], *, main: bool) -> tuple[str, Index]:
    def filled(key: str) -> str:
        text = str(row.get(key, ""))
        return _VARIABLE.sub(lambda found: variables.get(found[1], found[0]), text)

    user = filled("username") or variables.get(f"{prefix}_USERNAME", "")
    password = filled("password") or variables.get(f"{prefix}_PASSWORD", "")
    parts = urlsplit(filled("url"))
    if (user or password) and "@" not in parts.netloc:
        secret = f":{quote(password, safe='')}" if password else ""
        parts = parts._replace(netloc=f"{quote(user, safe='')}{secret}@{parts.netloc}")
    address = urlunsplit(parts)
    return str(row.get("name", "")), Index("" if address.rstrip("/") == PUBLIC else address, main)


def _bare(address: str) -> str:
    """Return an address without credentials and the slash at its end."""
    parts = urlsplit(address)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2])).rstrip("/")


def _table(found: object) -> Mapping[str, Any]:
    return found if isinstance(found, Mapping) else {}


def _rows(found: object) -> list[Mapping[str, Any]]:
    return [row for row in found if isinstance(row, Mapping) and row.get("url")] if isinstance(found, list) else []
