"""Whether a compose file runs an image as the arrangement needs it, and what its volume has."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from buildkit.doors import process
from buildkit.image import templates
from buildkit.image.arrangement import ENTRYPOINT, Expected
from buildkit.image.point import Point

_NAMES = ("compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml")
_PATIENCE = 60.0


def file_of(root: Path) -> tuple[Path, bool]:
    """Return the project's compose file, else the suite's own; and whether it is the project's."""
    for name in _NAMES:
        if (root / name).is_file():
            return root / name, True
    return templates.folder() / "compose.yaml", False


def points(
    file: Path,
    variables: Path | None,
    repository: str,
    expected: Expected,
    database: str,
    environment: Mapping[str, str],
) -> Iterator[Point]:
    """Yield the points of a compose file, and of the volume that it names.

    Args:
        file: the compose file.
        variables: its `--env-file`; None for what compose finds itself.
        repository: the image's name without a tag.
        expected: what the project says of its image.
        database: the variable with the database's URL.
        environment: the variables of the docker client.
    """
    given = ["--env-file", str(variables)] if variables else []
    command = ["docker", "compose", *given, "--file", str(file), "config", "--format", "json"]
    answer = process.run(command, environment=environment, timeout=_PATIENCE)
    if not answer.ok:
        yield Point("compose file", wrong=(answer.stderr.strip().splitlines() or ["compose refuses it"])[-1])
        return
    whole: dict[str, Any] = json.loads(answer.stdout)
    services = {
        name: about for name, about in whole["services"].items() if _repository(about.get("image", "")) == repository
    }
    if not services:
        yield Point("compose file", wrong=f"{file.name} has no service with the image {repository}")
        return
    name, service = next(iter(services.items()))
    yield Point("compose file", found=f"{file.name}, service {name}")
    own = service.get("entrypoint")
    yield Point(
        "compose keeps the entrypoint",
        wrong=f"it puts {json.dumps(own)} in its place" if own and ENTRYPOINT not in own else "",
        found="it does",
    )
    if "migrate" in expected.gates:
        there = database in (service.get("environment") or {})
        yield Point("compose names the database", wrong="" if there else f"{database} is not set", found=database)
    if "data" in expected.gates:
        yield from _volume_points(whole, service, expected.mount, environment)


def _volume_points(
    whole: Mapping[str, Any], service: Mapping[str, Any], mount: str, environment: Mapping[str, str]
) -> Iterator[Point]:
    mounted = next((each for each in service.get("volumes") or () if each["target"].rstrip("/") == mount), None)
    if mounted is None:
        yield Point("compose mounts the volume", wrong=f"nothing is mounted at {mount}: each start makes the data anew")
        return
    source = mounted.get("source", "")
    if mounted["type"] == "tmpfs" or not source:
        yield Point("compose mounts the volume", wrong=f"what is mounted at {mount} does not outlive the container")
        return
    name = whole.get("volumes", {}).get(source, {}).get("name", source)
    yield Point("compose mounts the volume", found=f"{name} at {mount}")
    if mounted["type"] == "volume" and not _is_there(name, environment):
        yield Point("data in the volume", found=f"there is no volume {name} yet; the first start makes it", absent=True)
        return
    yield _state(name, mount, service["image"], environment)


def _state(volume: str, mount: str, image: str, environment: Mapping[str, str]) -> Point:
    run = ["docker", "run", "--rm", "--network", "none", "--volume", f"{volume}:{mount}:ro", "--entrypoint", "python"]
    answer = process.run([*run, image, "-m", ENTRYPOINT, "--status"], environment=environment, timeout=_PATIENCE)
    words = (answer.stdout if answer.ok else answer.stderr).strip().splitlines() or [f"exit code {answer.exit_code}"]
    told = words[-1] if answer.ok else words[0].removeprefix("error: ")
    if not answer.ok and ": missing" in told:
        return Point("data in the volume", found=f"{volume} is empty; the next start makes it", absent=True)
    return Point("data in the volume", wrong="" if answer.ok else told, found=told)


def _is_there(volume: str, environment: Mapping[str, str]) -> bool:
    return process.run(["docker", "volume", "inspect", volume], environment=environment, timeout=_PATIENCE).ok


def _repository(image: str) -> str:
    """Return an image's name without tag and digest."""
    name = image.partition("@")[0]
    head, _, last = name.rpartition("/")
    return f"{head}/{last.partition(':')[0]}" if head else last.partition(":")[0]
