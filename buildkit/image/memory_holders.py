"""Asks in a container of an image which installed packages hold the memory that its service's imports take."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from buildkit.core import untrusted
from buildkit.doors import process, reading
from buildkit.image.memory import MemoryRequest

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


def holders(asked: MemoryRequest, environment: Mapping[str, str]) -> list[Holder]:
    """Return the packages, that which frees the most first; none if the module is not known or cannot be imported.

    Args:
        asked: the image, its Python and the module.
        environment: the variables of the docker client.
    """
    if not asked.module:
        return []
    text = reading.read_text(_SCRIPT)
    name = f"buildkit-memory-{secrets.token_hex(6)}"
    run = ["docker", "run", "--rm", "--name", name, "--network", "none", "--no-healthcheck"]
    run += ["--entrypoint", asked.python, asked.image]
    given = json.dumps({"module": asked.module, "most": MOST})
    try:
        answer = process.run([*run, "-c", text, given], environment=environment, timeout=_PATIENCE)
    except TimeoutError:
        process.run(["docker", "rm", "--force", "--volumes", name], environment=environment, timeout=_PATIENCE)
        return []
    try:
        rows = json.loads(answer.stdout.strip().splitlines()[-1])["packages"]
        return [Holder(untrusted.shown(str(row["package"])), int(row["alone"]), int(row["freed"])) for row in rows]
    except (ValueError, KeyError, TypeError, IndexError):
        return []
