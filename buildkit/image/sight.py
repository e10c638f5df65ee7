"""The facts that the points of `image.check` judge: what a project expects, and what the engine shows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from buildkit.image import compose, leaks, measure, probe, trial
from buildkit.image.commands import module_of
from buildkit.image.compose import Composed, Volume
from buildkit.image.trial import Trial, TrialRequest


@dataclass(frozen=True, slots=True)
class Expected:
    """What the project's settings require of its image.

    Args:
        repository: the image's name without a tag.
        mount: the mount point of the data volume.
        gates: those of `data` and `migrate` that the service has.
        health: whether it is to have a health check; None if nothing says so.
        database: the variable with the database's URL; empty if the service has none.
        compose: the compose file that runs it.
        variables: the `--env-file` of that compose file; None for what compose finds itself.
        writable: folders that its service may write.
        dockerfile: the project's own Dockerfile that it is built from; None for the suite's.
    """

    repository: str
    mount: str
    gates: tuple[str, ...]
    health: bool | None
    database: str
    compose: Path
    variables: Path | None
    writable: tuple[str, ...] = ()
    dockerfile: Path | None = None

    @property
    def own(self) -> bool:
        """Whether it is built from the project's own Dockerfile."""
        return self.dockerfile is not None


class Imports(NamedTuple):
    """What came of importing the project's modules in a container.

    Args:
        tried: the number of modules.
        faults: the words of those that cannot be imported, though plain Python can, by module.
        forgiven: the modules that plain Python cannot import either.
        why_not: why it cannot be tried; empty if it was.
    """

    tried: int
    faults: Mapping[str, str]
    forgiven: Sequence[str]
    why_not: str = ""


class Sight:
    """The facts about one image, each read once, when a point first asks for it.

    Args:
        expected: what the project's settings require.
        due: returns why a build would make the image anew; empty if it would not.
        environment: the variables of the docker client.
        imports: has the command's interpreter import the project's modules.
    """

    def __init__(
        self,
        expected: Expected,
        due: Callable[[], str],
        environment: Mapping[str, str],
        imports: Callable[[Sequence[str]], Imports],
    ) -> None:
        self.expected = expected
        self.image = f"{expected.repository}:latest"
        self.due = due
        self._imports = imports
        self._environment = environment

    @cached_property
    def built(self) -> measure.Image | None:
        """The image as the engine keeps it; None if there is none."""
        return measure.inspect([self.image], self._environment).get(self.image)

    @cached_property
    def configuration(self) -> dict[str, Any]:
        """The configuration of the image with the engine's keys: `Entrypoint`, `Cmd`, `ExposedPorts` and so on."""
        return probe.configuration(self.image, self._environment)

    @property
    def entrypoint(self) -> Sequence[str]:
        """The entrypoint: the first arguments of every container of the image."""
        return self.configuration.get("Entrypoint") or []

    @property
    def gated(self) -> bool:
        """Whether its entrypoint is the suite's, or was to be."""
        return not self.expected.own or "buildkit.runtime" in self.entrypoint

    @property
    def command(self) -> Sequence[str]:
        """The words of the service's command: with an entrypoint of its own what the two of them start."""
        words = self.configuration.get("Cmd") or []
        return words if self.gated else [*self.entrypoint, *words]

    @cached_property
    def python(self) -> str:
        """The interpreter of the image."""
        return probe.interpreter(self.image, self.command, self._environment) if self.expected.own else "python"

    @cached_property
    def module(self) -> tuple[str, str, bool]:
        """The module that the command loads, what fails when it is imported, and whether it would fail anywhere."""
        name = module_of(self.command)
        return (name, *probe.imported(self.image, self.python, name, self._environment)) if name else ("", "", False)

    @cached_property
    def leaks(self) -> leaks.Seen:
        """The secrets in its layers, variables and history."""
        return leaks.look(self.image, self._environment)

    @cached_property
    def stops(self) -> bool | None:
        """Whether a container ends when it is asked to; None if that cannot be told."""
        seen = self.trial[0]
        if seen is None or seen.ended is not None:
            return None
        return probe.stops(self.image, seen.ready, self._environment)

    @property
    def health_check(self) -> list[str]:
        """The command of the health check; empty where there is none or the project wants none."""
        test = (self.configuration.get("Healthcheck") or {}).get("Test") or ()
        return [] if self.expected.health is False else trial.as_command(test)

    @property
    def inside(self) -> dict[str, Any]:
        """What a container of the image finds inside; empty if none could run."""
        return self._inside[0]

    @property
    def why_not_inside(self) -> str:
        """Why no container of the image could run."""
        return self._inside[1]

    @cached_property
    def trial(self) -> tuple[Trial | None, str]:
        """The result of starting the command in a container, or why that could not be tried."""
        asked = TrialRequest(self.image, self.command, self.health_check, self.expected.mount, self.python)
        return trial.tried(asked, self._environment)

    @cached_property
    def imports(self) -> Imports:
        """What came of importing the project's modules in a container, without network, database and data."""
        return self._imports(["docker", "run", "--rm", "-i", "--network", "none", "--entrypoint", "python", self.image])

    @cached_property
    def compose(self) -> Composed:
        """The service of the compose file that runs the image."""
        expected = self.expected
        known = (expected.compose, expected.variables, expected.repository, self._environment)
        return compose.look(*known, expected.dockerfile)

    @cached_property
    def volume(self) -> Volume:
        """The data volume, and the state of its data."""
        return compose.volume(self.compose, self.expected.mount, self._environment)

    @cached_property
    def _inside(self) -> tuple[dict[str, Any], str]:
        program = self.command[0] if self.command else ""
        places = (self.expected.mount, *self.expected.writable)
        return probe.inside(self.image, places, program, self._environment, self.python)
