"""A plan as a file, and what has changed since it was written. A plan that no longer fits the world is not followed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from buildkit.core import untrusted
from buildkit.doors import files, reading
from buildkit.errors import ConfigurationError
from buildkit.release.plan import Plan
from buildkit.release.sight import Sight

SCHEMA = "buildkit.release-plan/1"
_MOST = 4 << 20


def facts(sight: Sight, asked: Mapping[str, object]) -> dict[str, str]:
    """Return everything that a plan rests on as texts by their names, but for what comes and goes by itself.

    Args:
        sight: the look.
        asked: what was asked for: the flags.
    """
    found = {f"asked {name}": _text(value) for name, value in asked.items()}
    found["environment"] = sight.environment
    found["commit"] = f"{sight.tag or 'none'}{' and other files' if sight.dirty else ''}"
    for name, image in sight.images.items():
        found[f"image {name}"] = image.digest or "not in the registry"
    for service in sight.services:
        running = sorted(
            {
                f"{each.digest or 'an image without digest'}{'' if each.current else ' with other settings'}"
                for each in service.running
            }
        )
        found[f"service {service.name}"] = " and ".join(running) or "nothing"
    at = sight.database.at
    found["database"] = "not known" if at is None else " and ".join(at) or "no revision"
    found["record"] = sight.last.digest or "none"
    for name, latest in sight.latest.items():
        found[f"latest {name}"] = latest.digest or "none"
    return found


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def write(path: Path, known: Mapping[str, str], plan: Plan) -> None:
    """Write a plan with the facts that it rests on."""
    steps = [{"step": step.name, "action": step.action, "reason": str(step.reason)} for step in plan.steps]
    files.write(path, json.dumps({"schema": SCHEMA, "facts": dict(known), "steps": steps}, indent=2) + "\n")


def read(path: Path) -> dict[str, str]:
    """Return the facts that a saved plan rests on.

    Raises:
        ConfigurationError: the file is missing, or no plan.
    """
    try:
        values = untrusted.table(untrusted.json_of(reading.read(path, most=_MOST)))
        if values.get("schema") != SCHEMA:
            raise untrusted.Odd(f"schema {untrusted.shown(values.get('schema'))}")
        table = untrusted.table(values.get("facts"))
        return {untrusted.text(name): untrusted.text(value) for name, value in table.items()}
    except OSError as error:
        raise ConfigurationError(f"{path}: {error.strerror}", hint=_HINT) from None
    except ValueError as error:
        raise ConfigurationError(f"{path}: no saved plan: {untrusted.shown(error)}", hint=_HINT) from None


_HINT = "write one with: invoke release.plan --save FILE"


def changes(then: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """Return a line for each fact that is another now than when the plan was saved."""
    return [
        f"{name}: {untrusted.shown(then.get(name, 'nothing'))} → {untrusted.shown(now.get(name, 'nothing'))}"
        for name in sorted({*then, *now})
        if then.get(name) != now.get(name)
    ]
