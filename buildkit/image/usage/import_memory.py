"""What memory the import of packages takes: each by itself, and beside all that the service imports anyway."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from buildkit.doors import process

_SCRIPT = Path(__file__).with_name("import_memory_script.py")
_PATIENCE = 600.0


@dataclass(frozen=True, slots=True)
class Memory:
    """What an import takes, in bytes of anonymous memory.

    Args:
        alone: in a process that imports nothing else.
        added: beside what the service imports.
    """

    alone: int
    added: int


def memory(
    python: Path,
    groups: Mapping[str, Sequence[str]],
    beside: Sequence[str],
    environment: Mapping[str, str],
    folder: Path,
) -> dict[str, Memory]:
    """Return what the import of each package takes; those that cannot be imported, or measured, are left out.

    Args:
        python: the interpreter.
        groups: the modules of each package.
        beside: the modules that the service imports anyway.
        environment: all of the interpreter's environment.
        folder: the working folder.
    """
    if not groups:
        return {}
    asked = {"beside": list(beside), "groups": {name: list(modules) for name, modules in groups.items()}}
    given = {**environment, "PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1"}
    command = [str(python), str(_SCRIPT), json.dumps(asked)]
    try:
        answer = json.loads(process.run(command, folder=folder, environment=given, timeout=_PATIENCE).stdout)
        found = {name: (answer["alone"][name], answer["added"].get(name)) for name in groups}
        return {
            name: Memory(int(alone), int(added))
            for name, (alone, added) in found.items()
            if alone is not None and added is not None
        }
    except (OSError, TimeoutError, ValueError, KeyError, TypeError, AttributeError):
        return {}
