"""The settings of the container's entrypoint, written as JSON when the image is built.

`PYBUILDKIT_RUNTIME` names the file; `PYBUILDKIT_DATA_PATH`, `_POLICY`, `_TTL`, `_VERIFY` and `_ARTIFACT` override its
values.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from buildkit.core import untrusted
from buildkit.data.stages.pipeline import POLICIES, Pipeline, as_json, from_json
from buildkit.doors import reading
from buildkit.errors import ConfigurationError

VARIABLE = "PYBUILDKIT_RUNTIME"
PLACE = "/app/buildkit.json"
SCHEMA = "buildkit.runtime/1"
_UNITS = {"": 1, "s": 1, "m": 60, "min": 60, "h": 3600, "d": 86400, "w": 7 * 86400}  # as in the settings on the host


_TIMES = ("wait", "lock_wait", "lock_timeout", "statement_timeout")
"""The time limits of a migration, in seconds."""


@dataclass(frozen=True, slots=True)
class RuntimeSettings:
    """The settings of one image.

    Args:
        root: the project's folder in the image.
        data: the pipeline, with the folders of the image; None for a service without data.
        migrate: the result of `MigrationSettings.as_json`; None for a service without migrations.
    """

    root: Path
    data: Pipeline | None = None
    migrate: Mapping[str, Any] | None = None

    def as_text(self) -> str:
        """Return the content of the file."""
        values = {
            "schema": SCHEMA,
            "root": str(self.root),
            "data": as_json(self.data) if self.data else None,
            "migrate": dict(self.migrate) if self.migrate else None,
        }
        return json.dumps(values, indent=2, sort_keys=True) + "\n"


def of(environment: Mapping[str, str]) -> RuntimeSettings:
    """Return the settings of the image that this process runs in, with the variables' values.

    Raises:
        ConfigurationError: the file is missing or damaged, or a variable has a wrong value.
    """
    settings = read(Path(environment.get(VARIABLE) or PLACE))
    return replace(settings, data=_data(settings.data, environment), migrate=_migrate(settings.migrate, environment))


def _migrate(migrate: Mapping[str, Any] | None, environment: Mapping[str, str]) -> Mapping[str, Any] | None:
    if migrate is None:
        return None
    times = {
        name: _seconds(environment, f"PYBUILDKIT_MIGRATE_{name.upper()}", migrate[name])
        for name in _TIMES
        if name in migrate
    }
    return {**migrate, **times}


def _data(data: Pipeline | None, environment: Mapping[str, str]) -> Pipeline | None:
    if data is None:
        return None
    policy = environment.get("PYBUILDKIT_DATA_POLICY") or data.policy
    if policy not in POLICIES:
        raise ConfigurationError(
            f'PYBUILDKIT_DATA_POLICY: "{policy}" is not a policy', hint=f"one of {', '.join(POLICIES)}"
        )
    folder = Path(environment.get("PYBUILDKIT_DATA_PATH") or data.folder)
    ttl = _seconds(environment, "PYBUILDKIT_DATA_TTL", data.ttl)
    verify = _seconds(environment, "PYBUILDKIT_DATA_VERIFY", data.verify)
    artifact = environment.get("PYBUILDKIT_DATA_ARTIFACT", data.artifact)
    return replace(data, folder=folder, policy=policy, ttl=ttl, verify=verify, artifact=artifact)


def _seconds(environment: Mapping[str, str], name: str, otherwise: float) -> float:
    """Return a variable's time in seconds; it is written as in the settings on the host: "7d", "90s", "2h"."""
    text = environment.get(name, "")
    if not text.strip():
        return otherwise
    number, unit = (
        text.strip().lower().rstrip("abcdefghijklmnopqrstuvwxyz"),
        text.strip().lower().lstrip("0123456789. "),
    )
    try:
        return untrusted.seconds(float(number) * _UNITS[unit])
    except (ValueError, KeyError):
        raise ConfigurationError(
            f'{name}: "{text}" is no time', hint='write it as "7d", "90s" or "2h"; 0 for never'
        ) from None


def read(path: Path) -> RuntimeSettings:
    """Return the settings in a file.

    Raises:
        ConfigurationError: the file is missing or damaged.
    """
    try:
        values = untrusted.table(untrusted.json_of(reading.read(path, most=reading.TEXT)))
        data = from_json(untrusted.table(values["data"])) if values["data"] else None
        migrate = untrusted.table(values["migrate"]) if values["migrate"] else None
        if migrate is not None:
            untrusted.text(migrate["url_env"])
        return RuntimeSettings(Path(untrusted.text(values["root"])), data, migrate)
    except OSError as error:
        raise ConfigurationError(
            f"{path}: {error.strerror}", hint=f"build the image with `invoke image`, or let {VARIABLE} name the file"
        ) from None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        words = f"no {error}" if isinstance(error, KeyError) else error
        raise ConfigurationError(
            f"{path}: not the settings of an image: {untrusted.shown(words)}", hint="build the image anew"
        ) from None
