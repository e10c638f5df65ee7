"""What a release asks of the place where services run: the Protocol of all targets."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from buildkit.config import ReleaseConfig
from buildkit.release.sight import Data, Database, Image, Service

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Setup:
    """What a target is made with.

    Args:
        settings: those of the environment.
        file: the compose file of the project, or the suite's own.
        variables: what that file is given, by name: its image, its port.
        places: the name of each service's image in the registry, without a tag.
        health: the command of the health check of each service's image; none where it has none.
        root: the project's folder.
        folder: where the target may keep files.
        environment: the variables of the programs that it starts.
        say: called with each line of progress.
    """

    settings: ReleaseConfig
    file: Path
    variables: Mapping[str, str]
    places: Mapping[str, str]
    health: Mapping[str, Sequence[str]]
    root: Path
    folder: Path
    environment: Mapping[str, str]
    say: Say


class Target(Protocol):
    """Where services run. What is done twice by it, after a kill, has the effect of once."""

    def look(self, names: Sequence[str]) -> tuple[Service, ...]:
        """Return the services of these names in the settings as they run now.

        Raises:
            ConfigurationError: the target has no such service.
            EngineError: it does not answer.
        """

    def recall(self, definitions: Mapping[str, str]) -> None:
        """Take note of what services ran in an older release, as `noted` had it then.

        Args:
            definitions: by the names of the services.
        """

    def noted(self, name: str) -> str:
        """Return what the target calls what a service runs, with all its settings; empty where the image says all."""

    def database(self, service: Service) -> Database:
        """Return where the database of a service is, asked of what runs; changes nothing."""

    def fetch(self, image: Image) -> None:
        """Bring an image to where it is to run.

        Raises:
            RegistryError: the registry refuses, or cannot be reached.
            AccessError: it wants credentials, or other ones.
        """

    def exclusive(self, image: Image) -> AbstractContextManager[None]:
        """Hold the lock of releases at the target for the time of the block; it goes with whoever holds it.

        Args:
            image: an image that is there already.

        Raises:
            ReleaseRefusedError: another release is under way, from wherever.
        """

    def data(self, name: str, image: Image) -> Data:
        """Return what a start of an image that is there would make of the data of a service; changes nothing."""

    def prepare(self, names: Sequence[str]) -> None:
        """Start what the services of these names depend on, and what no release replaces.

        Raises:
            EngineError: it does not start.
        """

    def migrate(self, name: str, image: Image) -> None:
        """Bring the database of a service to the head of an image, by one run of that image.

        If such a run is under way already, wait for it.

        Raises:
            BuildkitError: it failed; exit code and class are those of the migration.
        """

    def deploy(self, service: Service, image: Image) -> None:
        """Let a service run an image, and return once that is well.

        Raises:
            Failed: the image is not well; the old one serves as before where that was possible.
            UndecidedError: it was neither well nor failing when the time ran out.
        """

    def restore(self, service: Service, reference: str) -> None:
        """Let a service run what it ran before.

        Raises:
            Failed: that is not well either.
        """


class Failed(Exception):  # noqa: N818 - a fact: the flow decides what it means
    """A new version is not well.

    Args:
        words: what was seen.
        details: its last lines.
        untouched: whether the old version has served all the time.
        restored: whether the target has gone back to the old version by itself.
    """

    def __init__(
        self, words: str, details: Sequence[str] = (), *, untouched: bool = False, restored: bool = False
    ) -> None:
        super().__init__(words)
        self.words = words
        self.details = tuple(details)
        self.untouched = untouched
        self.restored = restored
