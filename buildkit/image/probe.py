"""Asks what a container of an image finds inside, by a few lines of Python that run in it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from buildkit.doors import process

_PATIENCE = 60.0
_PROBE = """
import sys
sys.path[:] = filter(None, sys.path)  # not the working directory, whose modules are the service's
import json, os, shutil
program, mount, *folders = sys.argv[1:]
found = {"user": os.getuid(), "program": shutil.which(program), "gates": None, "why": ""}
found["data"] = sorted(os.listdir(mount)) if os.path.isdir(mount) else None
found["writable"] = os.access(mount, os.W_OK)
found["closed"] = [each for each in folders if not (os.path.isdir(each) and os.access(each, os.W_OK))]
found["driver"] = ""
try:
    from buildkit.runtime import entrypoint, settings
    image = settings.of(os.environ)
    found["gates"] = [gate for gate in ("data", "migrate") if getattr(image, gate) is not None]
    if image.migrate is not None:
        from buildkit.migrate.settings import MigrationSettings
        found["revisions"] = os.path.isdir(MigrationSettings.from_json(image.migrate, image.root).script_location)
        try:
            import alembic, psycopg
        except Exception as error:
            found["driver"] = f"{type(error).__name__}: {error}".splitlines()[0]
except Exception as error:
    found["why"] = f"{type(error).__name__}: {error}"
print(json.dumps(found))
"""
"""The program that looks from inside; it changes nothing and uses no network."""


def configuration(image: str, environment: Mapping[str, str]) -> dict[str, Any]:
    """Return the configuration of an image that the engine has: `Entrypoint`, `Cmd`, `ExposedPorts` and so on.

    Args:
        image: its name.
        environment: the variables of the docker client.
    """
    answer = process.run(["docker", "image", "inspect", image], environment=environment, timeout=_PATIENCE)
    found: dict[str, Any] = json.loads(answer.stdout)[0]["Config"]
    return found


def inside(
    image: str, places: Sequence[str], program: str, environment: Mapping[str, str]
) -> tuple[dict[str, Any], str]:
    """Return what a container of the image finds inside, or why that is not known.

    Args:
        image: its name.
        places: the mount point of the data volume, and folders that the service may write.
        program: the first word of the image's command.
        environment: the variables of the docker client.
    """
    run = ["docker", "run", "--rm", "--network", "none", "--entrypoint", "python", image]
    answer = process.run([*run, "-c", _PROBE, program, *places], environment=environment, timeout=_PATIENCE)
    try:
        return dict(json.loads(answer.stdout)), ""
    except ValueError:
        words = answer.stderr.strip().splitlines()
        return {}, words[-1] if words else f"python ended with {answer.exit_code}"
