"""Reads how a compose file runs an image, and the state of the data in the volume that it mounts."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from buildkit.doors import process
from buildkit.image import templates

_NAMES = ("compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml")
_PATIENCE = 60.0


@dataclass(frozen=True, slots=True)
class Composed:
    """The service of a compose file that runs an image.

    Args:
        why_not: why there is no such service; empty if there is one.
        name: the service's name.
        service: the service's resolved configuration, as compose prints it.
        volumes: the volumes of the file by the name that services know.
        awaited: the services that wait until it is healthy.
    """

    why_not: str = ""
    name: str = ""
    service: Mapping[str, Any] = field(default_factory=dict)
    volumes: Mapping[str, Any] = field(default_factory=dict)
    awaited: tuple[str, ...] = ()

    @property
    def has_health_check(self) -> bool:
        """Whether the file itself gives the service a health check."""
        check = self.service.get("healthcheck") or {}
        return bool(check.get("test")) and not check.get("disable")


@dataclass(frozen=True, slots=True)
class Volume:
    """The mount of a service at the data's mount point.

    Args:
        name: the volume or folder; empty if nothing is mounted, or the mount does not outlive the container.
        mounted: whether anything is mounted.
        answer: the result of the image's own `--status` on the volume; None if there is no such volume yet.
    """

    name: str = ""
    mounted: bool = False
    answer: process.Completed | None = None


def file_of(root: Path) -> tuple[Path, bool]:
    """Return the project's compose file, or else the suite's own; and whether it is the project's."""
    for name in _NAMES:
        if (root / name).is_file():
            return root / name, True
    return templates.folder() / "compose.yaml", False


def variables(repository: str, image: str, port: int, mount: str) -> str:
    """Return the variables of the suite's compose file for one image, as the text of an `--env-file`.

    Args:
        repository: the image's name without a tag.
        image: the image's name with a tag.
        port: the port on which the service listens in the container.
        mount: the mount point of the data volume.
    """
    values = {
        "SERVICE_NAME": repository.rpartition("/")[2],
        "SERVICE_IMAGE": image,
        "SERVICE_CONTAINER_PORT": str(port),
        "DATA_MOUNT": mount,
    }
    return "".join(f"{key}={value}\n" for key, value in values.items())


def look(
    file: Path, variables: Path | None, repository: str, environment: Mapping[str, str], dockerfile: Path | None = None
) -> Composed:
    """Return the service of a compose file that runs an image.

    Args:
        file: the compose file.
        variables: its `--env-file`; None for what compose finds itself.
        repository: the image's name without a tag.
        environment: the variables of the docker client.
        dockerfile: the project's own Dockerfile of the image: a service that builds that runs it too.
    """
    given = ["--env-file", str(variables)] if variables else []
    command = ["docker", "compose", *given, "--file", str(file), "config", "--format", "json"]
    answer = process.run(command, environment=environment, timeout=_PATIENCE)
    if not answer.ok:
        return Composed(why_not=(answer.stderr.strip().splitlines() or ["compose refuses it"])[-1])
    whole: dict[str, Any] = json.loads(answer.stdout)
    services = whole["services"]
    for name, about in services.items():
        if _repository(about.get("image", "")) == repository or _builds(about, dockerfile):
            service = {"image": f"{repository}:latest", **about}
            return Composed("", name, service, whole.get("volumes", {}), tuple(_waiting(services, name)))
    return Composed(why_not=f"{file.name} has no service with the image {repository}")


def volume(composed: Composed, mount: str, environment: Mapping[str, str]) -> Volume:
    """Return the mount of the service at the data's mount point.

    Args:
        composed: the service.
        mount: the mount point in the container.
        environment: the variables of the docker client.
    """
    service = composed.service
    mounted = next((each for each in service.get("volumes") or () if each["target"].rstrip("/") == mount), None)
    if mounted is None:
        return Volume()
    source = mounted.get("source", "")
    if mounted["type"] == "tmpfs" or not source:
        return Volume(mounted=True)
    name = composed.volumes.get(source, {}).get("name", source)
    if mounted["type"] == "volume" and not _is_there(name, environment):
        return Volume(name, mounted=True)
    answer = _state(name, mount, service["image"], environment)
    return Volume(name, mounted=True, answer=answer)


def _state(volume: str, mount: str, image: str, environment: Mapping[str, str]) -> process.Completed:
    run = ["docker", "run", "--rm", "--network", "none", "--volume", f"{volume}:{mount}:ro", "--entrypoint", "python"]
    return process.run([*run, image, "-m", "buildkit.runtime", "--status"], environment=environment, timeout=_PATIENCE)


def _is_there(volume: str, environment: Mapping[str, str]) -> bool:
    return process.run(["docker", "volume", "inspect", volume], environment=environment, timeout=_PATIENCE).ok


def _builds(about: Mapping[str, Any], dockerfile: Path | None) -> bool:
    build = about.get("build")
    if dockerfile is None or not isinstance(build, dict):
        return False
    place = Path(build.get("context", ""), build.get("dockerfile", "Dockerfile"))
    return place.resolve() == dockerfile.resolve()


def _waiting(services: Mapping[str, Any], name: str) -> Iterator[str]:
    """Yield the services that start only once another one is healthy."""
    for other, about in services.items():
        needed = (about.get("depends_on") or {}).get(name) or {}
        if needed.get("condition") == "service_healthy":
            yield other


def _repository(image: str) -> str:
    """Return an image's name without tag and digest."""
    name = image.partition("@")[0]
    head, _, last = name.rpartition("/")
    return f"{head}/{last.partition(':')[0]}" if head else last.partition(":")[0]
