"""What the points of `image.check` are judged by: what a project expects, and what the engine shows of its image."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from buildkit.image import compose, measure, probe, trial
from buildkit.image.compose import Composed, Volume
from buildkit.image.trial import Asked, Trial


@dataclass(frozen=True, slots=True)
class Expected:
    """What the project says of its image.

    Args:
        repository: the image's name without a tag.
        mount: where the volume with the data comes to lie.
        gates: `data` and `migrate`, as far as it has them.
        health: whether it is to have a health check.
        database: the variable with the database's URL; empty where it has none.
        compose: the compose file that runs it.
        variables: the `--env-file` of that compose file; None for what compose finds itself.
    """

    repository: str
    mount: str
    gates: tuple[str, ...]
    health: bool
    database: str
    compose: Path
    variables: Path | None


class Sight:
    """What there is to see of one image. Each look is made when a point first asks for it, and once.

    Args:
        expected: what the project says of the image.
        due: returns why a build would make the image anew; empty where it would not.
        environment: the variables of the docker client.
    """

    def __init__(self, expected: Expected, due: Callable[[], str], environment: Mapping[str, str]) -> None:
        self.expected = expected
        self.image = f"{expected.repository}:latest"
        self.due = due
        self._environment = environment

    @cached_property
    def built(self) -> measure.Image | None:
        """The image as the engine keeps it; None where it has none."""
        return measure.inspect([self.image], self._environment).get(self.image)

    @cached_property
    def configuration(self) -> dict[str, Any]:
        """The configuration of the image, in the engine's words: `Entrypoint`, `Cmd`, `ExposedPorts` and so on."""
        return probe.configuration(self.image, self._environment)

    @property
    def entrypoint(self) -> Sequence[str]:
        """The words that every container of the image starts with."""
        return self.configuration.get("Entrypoint") or []

    @property
    def command(self) -> Sequence[str]:
        """The words of the service's command."""
        return self.configuration.get("Cmd") or []

    @property
    def health_check(self) -> list[str]:
        """The command of the health check; empty where there is none or the project wants none."""
        test = (self.configuration.get("Healthcheck") or {}).get("Test") or ()
        return trial.as_command(test) if self.expected.health else []

    @property
    def inside(self) -> dict[str, Any]:
        """What a container of the image sees; empty where none could look."""
        return self._inside[0]

    @property
    def why_not_inside(self) -> str:
        """Why no container of the image could look."""
        return self._inside[1]

    @cached_property
    def trial(self) -> tuple[Trial | None, str]:
        """What came of starting the command in a container, or why that could not be tried."""
        asked = Asked(self.image, self.command, self.health_check, self.expected.mount)
        return trial.tried(asked, self._environment)

    @cached_property
    def compose(self) -> Composed:
        """The service of the compose file that runs the image."""
        expected = self.expected
        return compose.look(expected.compose, expected.variables, expected.repository, self._environment)

    @cached_property
    def volume(self) -> Volume:
        """The volume with the data, and what it has."""
        return compose.volume(self.compose, self.expected.mount, self._environment)

    @cached_property
    def _inside(self) -> tuple[dict[str, Any], str]:
        program = self.command[0] if self.command else ""
        return probe.inside(self.image, self.expected.mount, program, self._environment)
