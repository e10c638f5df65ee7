"""The settings as a JSON Schema, for editors: in the form that SchemaStore takes for a table of pyproject.toml.

It says what the reader accepts in a file: kinds, choices, defaults, and no other keys. What depends on the disk or on
other settings only the reader knows. `docs/generate.py` writes it to `schema.json` beside this file; the wheel has it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, Field, fields
from pathlib import Path
from typing import Any

from buildkit.config.settings import Config

FILE = Path(__file__).with_name("schema.json")

_QUANTITY = r"^\s*\d+(\.\d+)?\s*"
_TEXTS: Mapping[str, Any] = {"type": "array", "items": {"type": "string"}}
_KINDS: Mapping[str, Mapping[str, Any]] = {
    "text": {"type": "string"},
    "texts": _TEXTS,
    "command": {"anyOf": [_TEXTS, {"type": "string"}]},
    "table": {"type": "object"},
    "assets": {"type": "array", "items": {"type": ["string", "object"]}},
    "integer": {"type": "integer", "minimum": 0},
    "switch": {"type": "boolean"},
    "jobs": {"anyOf": [{"const": "auto"}, {"type": "integer", "minimum": 1, "maximum": 65536}]},
    "seconds": {
        "anyOf": [
            {"type": "string", "pattern": rf"{_QUANTITY}([sS]|[mM]|[mM][iI][nN]|[hH]|[dD]|[wW])?\s*$"},
            {"type": "number", "minimum": 0},
        ]
    },
    "bytes": {
        "anyOf": [
            {"type": "string", "pattern": rf"^$|{_QUANTITY}([kKmMgGtT]?[bB]|[kKmMgG][iI][bB])?\s*$"},
            {"type": "number", "minimum": 0},
        ]
    },
}
"""What each kind of setting may be in a file of TOML, as `values.parse` reads it."""


def schema() -> dict[str, Any]:
    """Return the schema of [tool.buildkit]."""
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "$id": "https://json.schemastore.org/partial-invoke-buildkit.json",
        "title": "invoke-buildkit",
        "description": "Settings of buildkit, the build system for compiled Python services: [tool.buildkit]",
        **_table(Config),
    }


def _table(kind: type) -> dict[str, Any]:
    found = {item.name.replace("_", "-"): _setting(item) for item in fields(kind) if item.metadata}
    return {"type": "object", "additionalProperties": False, "properties": found}


def _setting(item: Field[Any]) -> dict[str, Any]:
    about = item.metadata
    if "section" in about:
        return _table(about["section"])
    if "tables" in about:
        return {"type": "object", "additionalProperties": _table(about["tables"])}
    if "list" in about:
        return {"type": "array", "items": _table(about["list"])}
    found = {"description": about["says"], **_KINDS[about["kind"]]}
    if about["choices"]:
        found["enum"] = list(about["choices"])
    default = _default(item)
    return found if default is None else {**found, "default": default}


def _default(item: Field[Any]) -> Any:  # noqa: ANN401 - any value of a setting
    """Return a default as it would be written in the file; None where there is nothing to write."""
    value: Any = {} if item.default is MISSING else item.default
    if item.metadata["kind"] == "jobs":
        return "auto"
    return list(value) if isinstance(value, tuple) else value
