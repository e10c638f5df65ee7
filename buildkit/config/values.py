"""Converts values from TOML or from text (environment, flags) to the types of the settings.

Each function returns the value or raises `ValueError` with what was expected.
"""

from __future__ import annotations

import datetime as dt
import json
import math
import re
from collections.abc import Callable
from typing import Any

from buildkit.core import untrusted

_UNITS = {"": 1, "s": 1, "m": 60, "min": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
_SIZES = {"": 1, "B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12, "KIB": 2**10, "MIB": 2**20, "GIB": 2**30}
_ENDLESS = 2.0**63
_DIGITS = 18
_MOST_JOBS = 65536
_DEEPEST = 32
_BITS = 8192  # Python itself turns no number of much more into text
_QUANTITY = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([a-zA-Z]*)\s*")


def parse(kind: str, value: Any) -> Any:  # noqa: ANN401 - any TOML value in, any setting out
    """Convert `value` to the setting of this kind; `settings.option` lists the kinds.

    Raises:
        ValueError: the value does not fit; the message says what was expected.
    """
    return _PARSERS[kind](value)


def _text(value: Any) -> str:  # noqa: ANN401
    if isinstance(value, str) and "\0" not in value:
        return value
    raise ValueError("a text")


def _texts(value: Any) -> tuple[str, ...]:  # noqa: ANN401
    if isinstance(value, str):
        value = _from_text(value) if value.lstrip().startswith("[") else [part for part in value.split(",") if part]
    if isinstance(value, list) and all(isinstance(item, str) and "\0" not in item for item in value):
        return tuple(value)
    raise ValueError("a list of texts")


def _command(value: Any) -> Any:  # noqa: ANN401
    if isinstance(value, str) and not value.lstrip().startswith("["):
        return value
    return _texts(value)


def _table(value: Any) -> dict[str, Any]:  # noqa: ANN401
    if isinstance(value, str):
        value = _from_text(value)
    if isinstance(value, dict):
        return {key: _as_json(each, key, _DEEPEST) for key, each in value.items()}
    raise ValueError("a table")


def _as_json(value: Any, name: str, depth: int) -> Any:  # noqa: ANN401
    """Return a value of a table as JSON knows it: dates and times are texts by ISO 8601.

    Raises:
        ValueError: JSON knows nothing of the kind, or it is nested more than `depth` times.
    """
    if not depth:
        raise ValueError(f"a table that is nested {_DEEPEST} times at most")
    if isinstance(value, dict):
        return {key: _as_json(each, f"{name}.{key}", depth - 1) for key, each in value.items()}
    if isinstance(value, list):
        return [_as_json(each, name, depth - 1) for each in value]
    if isinstance(value, (dt.date, dt.time)):
        return value.isoformat()
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f'values that JSON knows (write {name} as a text: "{value}")')
    if isinstance(value, int) and value.bit_length() > _BITS:
        raise ValueError(f"numbers of fewer than {_BITS} bits (write {name} as a text)")
    return value


def _assets(value: Any) -> tuple[dict[str, Any], ...]:  # noqa: ANN401
    if isinstance(value, str):
        value = _from_text(value)
    if not isinstance(value, list):
        raise ValueError("a list of commands: texts, or tables with `run`, `from`, `inputs`, `outputs`")  # noqa: TRY004
    return tuple({"run": each} if isinstance(each, str) else _table(each) for each in value)


def _integer(value: Any) -> int:  # noqa: ANN401
    if isinstance(value, str) and value.isdecimal() and len(value) <= _DIGITS:
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < _ENDLESS:
        return value
    raise ValueError("a whole number")


def _switch(value: Any) -> bool:  # noqa: ANN401
    if isinstance(value, str):
        value = {"true": True, "1": True, "false": False, "0": False}.get(value.lower())
    if isinstance(value, bool):
        return value
    raise ValueError("true or false")


def _jobs(value: Any) -> int:  # noqa: ANN401
    if value == "auto":
        return 0
    try:
        number = _integer(value)
    except ValueError:
        number = 0
    if not 1 <= number <= _MOST_JOBS:
        raise ValueError('"auto" or a number from 1')
    return number


def _seconds(value: Any) -> float:  # noqa: ANN401
    words = 'a time such as "7d", "90s" or "2h"'
    found = _quantity(value, _UNITS, str.lower, words)
    if found > untrusted.MOST_SECONDS:  # an image would not read it
        raise ValueError(words)
    return found


def _bytes(value: Any) -> int:  # noqa: ANN401
    if value == "":
        return 0
    return int(_quantity(value, _SIZES, str.upper, 'a size such as "1GB" or "500MB"'))


def _quantity(value: Any, units: dict[str, int], fold: Callable[[str], str], expected: str) -> float:  # noqa: ANN401
    found = math.nan
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        found = value
    elif isinstance(value, str) and (match := _QUANTITY.fullmatch(value)):
        found = float(match[1]) * units.get(fold(match[2]), math.nan)
    if not 0 <= found < _ENDLESS:
        raise ValueError(expected)
    return float(found)


def _from_text(value: str) -> Any:  # noqa: ANN401
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return None


_PARSERS: dict[str, Callable[[Any], Any]] = {
    "text": _text,
    "texts": _texts,
    "command": _command,
    "table": _table,
    "assets": _assets,
    "integer": _integer,
    "switch": _switch,
    "jobs": _jobs,
    "seconds": _seconds,
    "bytes": _bytes,
}
