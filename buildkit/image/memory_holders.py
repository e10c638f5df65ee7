"""Asks in a container of an image which installed packages hold the memory that its service's imports take."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from buildkit.core import untrusted
from buildkit.doors import reading
from buildkit.image.memory import MemoryRequest, answer_of

MOST = 8
"""Of how many packages it is asked; those with the most modules."""

_PATIENCE = 300.0
_SCRIPT = Path(__file__).with_name("memory_holders_script.py")


class Holder(NamedTuple):
    """A package.

    Args:
        package: the name by which it is imported.
        alone: bytes that its modules take in a process that imports nothing else.
        freed: bytes that go when all is imported but it; what others import of it stays.
    """

    package: str
    alone: int
    freed: int


class Held(NamedTuple):
    """What holds the memory.

    Args:
        packages: that which frees the most first.
        why_not: why that cannot be told; empty if it can.
    """

    packages: list[Holder]
    why_not: str = ""


def holders(asked: MemoryRequest, environment: Mapping[str, str]) -> Held:
    """Return the packages that hold the memory, or why they cannot be told.

    Args:
        asked: the image, its Python and the module.
        environment: the variables of the docker client.
    """
    if not asked.module:
        return Held([], "the command names no module that could be imported alone")
    program = (reading.read_text(_SCRIPT), json.dumps({"module": asked.module, "most": MOST}))
    last, why_not = answer_of(asked, program, _PATIENCE, environment)
    if why_not:
        return Held([], why_not)
    try:
        rows = json.loads(last)["packages"]
        found = [Holder(untrusted.shown(str(row["package"])), int(row["alone"]), int(row["freed"])) for row in rows]
    except (ValueError, KeyError, TypeError):
        return Held([], f"it answers {untrusted.shown(last, 100)}")
    return Held(found)
