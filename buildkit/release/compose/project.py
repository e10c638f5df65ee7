"""The compose project of a host: its resolved file, the commands on it, and the images that its services are to run."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from buildkit.config.messages import nearest
from buildkit.doors import files
from buildkit.errors import ConfigurationError, EngineError
from buildkit.release.compose.engine import PATIENCE, Engine, last_line

BESIDE, TRIED, IN_PLACE = "beside", "tried", "in place"
"""How a new version comes: beside the old one, tried beside it and then in its place, or in its place at once."""


class Project:
    """A compose project.

    Args:
        engine: the engine of the host.
        file: the compose file.
        name: the project's name; what the file says where empty.
        variables: what the file is given by name.
        folder: where the file with the images is kept.
    """

    def __init__(self, engine: Engine, file: Path, name: str, variables: Mapping[str, str], folder: Path) -> None:
        self.engine = engine
        self._file = file
        self._variables = variables
        self._images = folder / "images.yaml"
        self._given = name
        resolved = self._resolve()
        self.name: str = name or resolved["name"]
        self.services: Mapping[str, Any] = resolved.get("services") or {}

    def _resolve(self) -> dict[str, Any]:
        words = ["compose", *(["--project-name", self._given] if self._given else []), "--file", str(self._file)]
        answer = self.engine.try_to(*words, "config", "--format", "json", variables=self._variables)
        if not answer.ok and "is not a docker command" in answer.stderr:
            raise EngineError(
                "the docker client has no compose",
                hint="install the plugin: the package docker-compose-plugin or docker-compose-v2",
            )
        if not answer.ok:
            raise ConfigurationError(
                f"{self._file}: compose refuses it",
                details=[last_line(answer.stderr)],
                hint=f"mend it: docker compose --file {self._file} config",
            )
        found: dict[str, Any] = json.loads(answer.stdout)
        return found

    def require(self, name: str, setting: str) -> None:
        """Check that the file has a service.

        Raises:
            ConfigurationError: it has not.
        """
        if name not in self.services:
            raise ConfigurationError(
                f'{setting}: {self._file.name} has no service "{name}"{nearest(name, self.services)}',
                hint=f"it has: {', '.join(self.services) or 'none'}; `name` says which one is meant",
            )

    def count(self, name: str) -> int:
        """Return how many containers a service is to have."""
        about = self.services[name]
        wanted = about.get("scale") or (about.get("deploy") or {}).get("replicas") or 1
        return max(1, int(wanted))

    def manner(self, name: str, *, overlap: bool) -> tuple[str, str]:
        """Return how a new version of a service comes, and why so."""
        about = self.services[name]
        ports = [str(each["published"]) for each in about.get("ports") or () if each.get("published")]
        if not overlap:
            return IN_PLACE, "overlap = false"
        if about.get("network_mode") == "host":
            return IN_PLACE, "it has the host's network"
        if ports:
            return TRIED, f"host port {' and '.join(ports)} is published"
        if about.get("container_name"):
            return TRIED, f"container_name is {about['container_name']}"
        return BESIDE, "no port of the host is published"

    def dependencies(self, names: Iterable[str]) -> list[str]:
        """Return the services that some services depend on, and that are none of them."""
        todo, found = [*names], dict[str, None]()
        managed = {*todo}
        while todo:
            for other in self.services[todo.pop()].get("depends_on") or ():
                if other not in found and other not in managed:
                    found[other] = None
                    todo.append(other)
        return list(found)

    def run(self, images: Mapping[str, str], *words: str, timeout: float | None) -> Any:  # noqa: ANN401 - Completed
        """Run a command of compose in which services have these images; return what it left.

        Args:
            images: the reference of each service whose image is not to be that of the file.
            words: the command and its arguments.
            timeout: seconds that it may take.
        """
        services = {name: {"image": reference} for name, reference in images.items()}
        files.write(self._images, json.dumps({"services": services}))  # JSON is YAML
        given = ["--project-name", self.name, "--project-directory", str(self._file.parent)]
        command = ["compose", *given, "--file", str(self._file), "--file", str(self._images), *words]
        return self.engine.try_to(*command, timeout=timeout, variables=self._variables)

    def configured(self, name: str, reference: str) -> str:
        """Return compose's hash of a service's settings with an image; empty if it does not say.

        Args:
            name: the service.
            reference: the image.
        """
        answer = self.run({name: reference}, "config", "--hash", name, timeout=PATIENCE)
        words = answer.stdout.split() if answer.ok else []
        return str(words[1]) if len(words) == 2 else ""  # noqa: PLR2004 - the name and the hash
