"""A new version of a service in the place of the old one; every step can be done again after a kill."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from buildkit.release.compose import containers, waiting
from buildkit.release.compose.containers import Container
from buildkit.release.compose.engine import Engine, last_line
from buildkit.release.compose.project import BESIDE, IN_PLACE, TRIED, Project
from buildkit.release.sight import HEALTHY
from buildkit.release.target import Failed, Say

_START = 600.0
"""Seconds within which compose has made and started containers."""


class Rollout:
    """The rollout of one service.

    Args:
        project: the compose project.
        service: the service's name there.
        place: the name of its image in the registry.
        images: the references of all services, this one's among them.
        seconds: how long it may take until the service is well.
        say: called with each line of progress.
    """

    def __init__(
        self, project: Project, service: str, place: str, images: Mapping[str, str], seconds: float, say: Say
    ) -> None:
        self._project = project
        self._engine: Engine = project.engine
        self._service = service
        self._place = place
        self._images = images
        self._reference = images[service]
        self._seconds = seconds
        self._say = say
        self._trial = f"{project.name}-{service}-trial"
        self._configured = project.configured(service, self._reference)

    def run(self, *, overlap: bool) -> None:
        """Let the service run its image, and return once that is well.

        Raises:
            Failed: it is not well. The old version has served all the time if `untouched`.
            UndecidedError: the time ran out.
        """
        manner, _ = self._project.manner(self._service, overlap=overlap)
        if manner == BESIDE:
            self._beside()
        else:
            new, old = self._parts()
            if manner == TRIED and old and not new:
                self._try()
            self._in_place()
        if manner != IN_PLACE:
            self._remove_trial()

    def _all(self) -> list[Container]:
        return containers.of_service(self._engine, self._project.name, self._service, self._place)

    def _parts(self) -> tuple[list[Container], list[Container]]:
        """Return the containers that run the image as the settings are now, and the others."""
        found = self._all()
        new = [each for each in found if self._is_new(each)]
        return new, [each for each in found if each not in new]

    def _is_new(self, container: Container) -> bool:
        known = bool(container.digest) and self._reference.endswith(f"@{container.digest}")
        same = container.reference == self._reference or known
        return same and (not self._configured or container.configured == self._configured)

    # ------------------------------------------------------------------ beside the old one

    def _beside(self) -> None:
        """Start the new containers beside the old ones, wait for them, and end the old ones."""
        new, old = self._parts()
        self._remove(each for each in new if each.status in {"created", "exited", "dead"})
        new, old = self._parts()
        wanted = self._project.count(self._service)
        if len(new) < wanted:
            self._say(f"{self._service}: starting {wanted - len(new)} beside {len(old)}")
            self._up("--no-recreate", "--scale", f"{self._service}={len(old) + wanted}")
        try:
            waiting.until_well(self._engine, lambda: self._parts()[0], self._service, self._seconds)
        except Failed as failed:
            new, old = self._parts()
            self._remove(new)
            serves = bool(old) and all(each.condition == HEALTHY for each in old)
            raise Failed(failed.words, failed.details, untouched=serves) from None
        for each in self._parts()[1]:
            self._say(f"{self._service}: {each.name} ends")
            self._engine.ask("stop", each.identity, timeout=_START)
            self._engine.ask("rm", "--force", each.identity)

    # ------------------------------------------------------------------ in its place

    def _try(self) -> None:
        """Run the new version beside the old one, unreachable, until it is well; then take it away again."""
        self._remove_trial()
        self._say(f"{self._service}: tried beside the old one")
        words = ["run", "--detach", "--no-deps", "--name", self._trial, self._service]
        answer = self._project.run(self._images, *words, timeout=_START)
        if not answer.ok:
            self._remove_trial()
            raise Failed(f"{self._service}: it cannot be started", [last_line(answer.stderr)], untouched=True)
        try:
            waiting.until_well(
                self._engine,
                lambda: containers.inspect(self._engine, [self._trial], self._place),
                self._service,
                self._seconds,
            )
        except Failed as failed:
            raise Failed(failed.words, failed.details, untouched=True) from None
        finally:
            self._remove_trial()

    def _in_place(self) -> None:
        """Let compose replace the containers, and wait for the new ones."""
        new, old = self._parts()
        if not new or old:
            self._say(f"{self._service}: {'replaced' if old else 'started'}")
        self._up()
        waiting.until_well(self._engine, self._all, self._service, self._seconds)

    # ------------------------------------------------------------------ both

    def _up(self, *words: str) -> None:
        """Let compose make and start containers.

        Raises:
            Failed: it does not, as where a port is taken.
        """
        given = ["up", "--detach", "--no-deps", "--no-build", "--pull", "never", *words, self._service]
        answer = self._project.run(self._images, *given, timeout=_START)
        if not answer.ok:
            new, old = self._parts()
            beside = "--no-recreate" in words
            self._remove(new if beside else [])
            details = [last_line(answer.stderr)]
            raise Failed(f"{self._service}: it cannot be started", details, untouched=beside and bool(old))

    def _remove(self, found: Iterable[Container]) -> None:
        for each in tuple(found):
            self._engine.ask("rm", "--force", each.identity)

    def _remove_trial(self) -> None:
        self._engine.try_to("rm", "--force", "--volumes", self._trial)
