"""How every form of lock file is taken apart: what is not of the expected kind is refused with its place."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any

from buildkit.core import untrusted

if sys.version_info >= (3, 11):
    import tomllib
else:  # pragma: no cover - one interpreter takes one branch
    import tomli as tomllib


Odd = untrusted.Odd


def parsed(text: str) -> Mapping[str, Any]:
    """Return the tables of a TOML text.

    Raises:
        Odd: it is not valid.
    """
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise Odd(f"not valid TOML: {error}") from None


def text(table: Mapping[str, Any], key: str, default: str = "") -> str:
    """Return the text at `key`."""
    found: str = _of(table, key, str, default)
    return found


def rows(table: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    """Return the list of tables at `key`."""
    found: list[Any] = _of(table, key, list, [])
    for each in found:
        if not isinstance(each, Mapping):
            raise Odd(f"{key} is no list of tables")
    return found


def texts(table: Mapping[str, Any], key: str) -> list[str]:
    """Return the list of texts at `key`."""
    found: list[Any] = _of(table, key, list, [])
    for each in found:
        if not isinstance(each, str):
            raise Odd(f"{key} is no list of texts")
    return found


def mapping(table: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """Return the table at `key`."""
    found: Mapping[str, Any] = _of(table, key, Mapping, {})
    return found


def version(found: object, most: Sequence[int], what: str) -> tuple[int, ...]:
    """Return the version of a lock file's form, of which the first numbers are known up to `most`.

    Raises:
        Odd: it is another, which may mean anything.
    """
    try:
        numbers = tuple(int(part) for part in str(found).split("."))
    except ValueError:
        raise Odd(f"{what} is {found!r}, no version") from None
    if numbers[0] > most[0]:
        raise Odd(f"{what} is {found}, and this version of buildkit knows {most[0]}")
    return numbers


def _of(table: Mapping[str, Any], key: str, kind: type, default: Any) -> Any:  # noqa: ANN401 - of that kind
    found = table.get(key, default)
    if not isinstance(found, kind):
        raise Odd(f"{key} is {type(found).__name__}, not {kind.__name__.lower()}")
    return found
