"""The target `ecs` behind the Protocol of targets."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from buildkit.release.aws import definitions, oneshot
from buildkit.release.aws.amazon import Amazon, Refusal, worded
from buildkit.release.aws.cluster import Cluster, Described
from buildkit.release.aws.definitions import Edit
from buildkit.release.aws.look import Look, Seen
from buildkit.release.aws.rollout import Rollout
from buildkit.release.sight import HEALTHY, Data, Database, Image, Service
from buildkit.release.target import Failed, Setup


class EcsTarget:
    """The services of one cluster.

    Args:
        setup: what it is made with.
    """

    def __init__(self, setup: Setup) -> None:
        self._setup = setup
        amazon = Amazon(setup.settings.aws.region)
        self._cluster = Cluster(amazon, setup.settings.aws.cluster)
        self._look = Look(setup, amazon, self._cluster)
        self._recalled: dict[str, str] = {}
        self._rolled: dict[str, str] = {}

    def look(self, names: Sequence[str]) -> tuple[Service, ...]:
        """See `Target.look`."""
        with worded():
            return self._look.services(names)

    def recall(self, definitions: Mapping[str, str]) -> None:
        """See `Target.recall`."""
        self._recalled = dict(definitions)

    def noted(self, name: str) -> str:
        """See `Target.noted`."""
        with worded():
            about = self._cluster.services([self._look.named(name)]).get(self._look.named(name)) or {}
        return str(about.get("taskDefinition") or "")

    def database(self, service: Service) -> Database:
        """Return where the database is, by what runs: its gate lets no service start on one that is behind it.

        It may be ahead of that; then the migration step says so.
        """
        if not self._look.seen[service.name].about.get("desiredCount"):
            return Database(why="no task is to run that would say")
        for each in service.running:
            image = each.image
            if image is not None and image.gates and image.revisions.head and each.condition == HEALTHY:
                known = image.revisions.known
                return Database((image.revisions.head,), known, f"{each.name} runs, whose gate wants it there")
        return Database(why="no task runs that would say")

    def fetch(self, image: Image) -> None:
        """Do nothing: each machine of the cluster pulls the image itself."""

    @contextlib.contextmanager
    def exclusive(self, image: Image) -> Iterator[None]:  # noqa: ARG002 - the Protocol's
        """Hold nothing: ECS has no lock. A service that was changed since the look is not touched; see `Rollout`."""
        yield

    def data(self, name: str, image: Image) -> Data:  # noqa: ARG002 - the Protocol's
        """See `Target.data`."""
        return Data(why="the volumes of a task cannot be asked from here")

    def prepare(self, names: Sequence[str]) -> None:
        """Do nothing: a release starts nothing that a service depends on."""

    def migrate(self, name: str, image: Image) -> None:
        """See `Target.migrate`."""
        seen = self._look.seen[name]
        with worded():
            oneshot.Oneshot(self._cluster, name, seen, self._setup.settings.wait, self._setup.say).migrate(image)

    # ------------------------------------------------------------------ doing

    def deploy(self, service: Service, image: Image) -> None:
        """See `Target.deploy`."""
        with worded():
            health = tuple(self._setup.health.get(service.name, ())) if image.gates else ()
            self._roll(service.name, self._definition(service, image.reference, health))

    def restore(self, service: Service, reference: str) -> None:
        """See `Target.restore`."""
        with worded():
            self._roll(service.name, self._definition(service, reference, ()))

    def _roll(self, name: str, wanted: str) -> None:
        before = self._look.seen[name].runs.arn
        now = self._rolled.get(name, before)
        self._rolled[name] = wanted
        rollout = Rollout(self._cluster, self._look.named(name), now, self._setup.settings.wait, self._setup.say)
        rollout.run(wanted)

    def _definition(self, service: Service, reference: str, health: tuple[str, ...]) -> str:
        """Return the ARN of a task definition with an image: one that is there, or else one that is registered now."""
        name, seen = service.name, self._look.seen[service.name]
        for arn in dict.fromkeys(each for each in (seen.runs.arn, self._recalled.get(name, "")) if each):
            found = self._known(arn)
            if found is not None and not seen.from_file and self._image_in(found, seen) == reference:
                return found.arn
        body = definitions.edited(seen.base, Edit(seen.container, reference, health))
        newest = self._cluster.newest(str(body["family"]))
        for each in (seen.runs, newest):
            if each is not None and each.active and definitions.same(each.body, body):
                return each.arn
        return self._register(service, seen, body)

    def _register(self, service: Service, seen: Seen, body: Mapping[str, Any]) -> str:
        try:
            arn = self._cluster.register(body, seen.runs.tags)
        except Refusal as refusal:
            if type(refusal) is not Refusal:
                raise
            words = f"{service.name}: AWS refuses the task definition"
            raise Failed(words, [f"{refusal.code}: {refusal.words}"], untouched=True) from None
        self._setup.say(f"{service.name}: registered {arn.rpartition('/')[2]}")
        return arn

    def _known(self, arn: str) -> Described | None:
        """Return a task definition that can be run still; None if it cannot, or is gone."""
        try:
            found = self._cluster.definition(arn, anew=True)
        except Refusal as refusal:
            if type(refusal) is Refusal:
                return None
            raise
        return found if found.active else None

    @staticmethod
    def _image_in(described: Described, seen: Seen) -> str:
        return str(definitions.the_container(described.body, seen.container).get("image", ""))
