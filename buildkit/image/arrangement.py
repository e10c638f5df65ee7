"""Whether a built image is what the arrangement needs, asked of the engine and inside a container of it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from buildkit.doors import process
from buildkit.image import trial
from buildkit.image.point import Point

ENTRYPOINT = "buildkit.runtime"

_PATIENCE = 60.0
_PROBE = """
import sys
sys.path[:] = filter(None, sys.path)  # not the working directory, whose modules are the service's
import json, os, shutil
mount, program = sys.argv[1:]
found = {"user": os.getuid(), "program": shutil.which(program), "gates": None, "why": ""}
found["data"] = sorted(os.listdir(mount)) if os.path.isdir(mount) else None
found["writable"] = os.access(mount, os.W_OK)
try:
    from buildkit.runtime import entrypoint, settings
    image = settings.of(os.environ)
    found["gates"] = [gate for gate in ("data", "migrate") if getattr(image, gate) is not None]
    if image.migrate is not None:
        from buildkit.migrate.settings import MigrationSettings
        found["revisions"] = os.path.isdir(MigrationSettings.from_json(image.migrate, image.root).script_location)
except Exception as error:
    found["why"] = f"{type(error).__name__}: {error}"
print(json.dumps(found))
"""
"""Looks from inside; it changes nothing and reaches no network."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What the project says of its image.

    Args:
        mount: where the volume with the data comes to lie.
        gates: `data` and `migrate`, as far as it has them.
        health: whether it is to have a health check.
    """

    mount: str
    gates: tuple[str, ...]
    health: bool


def points(image: str, expected: Expected, environment: Mapping[str, str]) -> Iterator[Point]:
    """Yield the points of an image that the engine has.

    Args:
        image: its name.
        expected: what the project says of it.
        environment: the variables of the docker client.
    """
    about = _inspected(image, environment)
    entrypoint, command = about.get("Entrypoint") or [], about.get("Cmd") or []
    seen, why = _probed(image, expected.mount, command[0] if command else "", environment)
    inside = _probe_points(seen, expected) if seen else iter([Point("looks from inside", wrong=why)])
    begins = ENTRYPOINT in entrypoint
    yield Point(
        "entrypoint is the gates",
        wrong="" if begins else f"it is {json.dumps(entrypoint)}, not python -m {ENTRYPOINT} --",
        found=" ".join(entrypoint),
    )
    if seen:
        missing = f"there is no program {command[0]}" if command else "there is no command"
        yield Point("command is in the image", wrong="" if seen["program"] else missing, found=" ".join(command))
    test = trial.as_command((about.get("Healthcheck") or {}).get("Test") or ()) if expected.health else []
    if expected.health and not test:
        yield Point("health check", wrong="there is none")
    if seen and seen["program"]:
        asked = trial.Asked(image, command, test, expected.mount)
        yield from trial.points(asked, expected.gates, environment)
    elif test:
        yield Point("health check", found="no command runs that it could ask", absent=True)
    yield from inside


def _probe_points(seen: Mapping[str, Any], expected: Expected) -> Iterator[Point]:
    user = seen["user"]
    yield Point("user", wrong="" if user else "the service runs as root", found=f"user {user}")
    gates = seen["gates"]
    missing = [gate for gate in expected.gates if gates is not None and gate not in gates]
    wrong = seen["why"] or (f"the image knows of no gate for: {', '.join(missing)}" if missing else "")
    yield Point("gates can start", wrong=wrong, found=", ".join(gates or ()) or "none is needed")
    if "migrate" in expected.gates and "revisions" in seen:
        yield Point(
            "revisions are in the image",
            wrong="" if seen["revisions"] else "the folder of the revisions is missing",
            found="they are",
        )
    if "data" in expected.gates:
        data = seen["data"]
        there = ", ".join((data or ())[:3])
        yield Point(
            "image carries no data",
            wrong=f"{expected.mount} has: {there}" if data else "",
            found=f"{expected.mount} is empty",
        )
        writable = "" if seen["writable"] else f"user {user} may not write to {expected.mount}"
        yield Point(
            "place for the volume",
            wrong=writable if data is not None else f"there is no {expected.mount}",
            found=expected.mount,
        )


def _inspected(image: str, environment: Mapping[str, str]) -> dict[str, Any]:
    answer = process.run(["docker", "image", "inspect", image], environment=environment, timeout=_PATIENCE)
    found: dict[str, Any] = json.loads(answer.stdout)[0]["Config"]
    return found


def _probed(image: str, mount: str, program: str, environment: Mapping[str, str]) -> tuple[dict[str, Any], str]:
    """Return what a container of the image sees, or why that is not known."""
    run = ["docker", "run", "--rm", "--network", "none", "--entrypoint", "python", image]
    answer = process.run([*run, "-c", _PROBE, mount, program], environment=environment, timeout=_PATIENCE)
    try:
        return dict(json.loads(answer.stdout)), ""
    except ValueError:
        words = answer.stderr.strip().splitlines()
        return {}, words[-1] if words else f"python ended with {answer.exit_code}"
