"""The target `ecs` behind the Protocol of targets."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from buildkit.config.messages import nearest
from buildkit.core import untrusted
from buildkit.core.untrusted import Odd
from buildkit.doors import reading
from buildkit.errors import AccessError, ConfigurationError
from buildkit.release.aws import definitions, room, tasks
from buildkit.release.aws.amazon import Amazon, Refusal, worded
from buildkit.release.aws.cluster import Cluster, Described
from buildkit.release.aws.definitions import Edit
from buildkit.release.aws.rollout import Rollout
from buildkit.release.sight import HEALTHY, Data, Database, Image, Running, Service
from buildkit.release.target import Failed, Setup

_MOST = 1 << 20
_NO_CLUSTER = "ClusterNotFoundException"


@dataclass(frozen=True, slots=True)
class _Seen:
    """A service as the look found it.

    Args:
        about: the service, as ECS describes it.
        runs: the task definition of its newest deployment.
        base: what a new task definition is made from: that one, or what the file has.
        container: the name of the container that gets the image.
        problem: why no new task definition can be made, with a hint.
    """

    about: Mapping[str, Any]
    runs: Described
    base: Mapping[str, Any]
    container: str
    problem: tuple[str, str] = ("", "")

    @property
    def from_file(self) -> bool:
        """Whether the task definition is that of a file."""
        return self.base is not self.runs.body


class EcsTarget:
    """The services of one cluster.

    Args:
        setup: what it is made with.
    """

    def __init__(self, setup: Setup) -> None:
        self._setup = setup
        self._aws = setup.settings.aws
        self._amazon = Amazon(self._aws.region)
        self._cluster = Cluster(self._amazon, self._aws.cluster)
        self._seen: dict[str, _Seen] = {}
        self._recalled: dict[str, str] = {}
        self._rolled: dict[str, str] = {}

    # ------------------------------------------------------------------ looking

    def look(self, names: Sequence[str]) -> tuple[Service, ...]:
        """See `Target.look`."""
        with worded():
            self._require_account()
            try:
                found = self._cluster.services([self._named(name) for name in names])
            except Refusal as refusal:
                if refusal.code == _NO_CLUSTER:
                    raise self._no_cluster() from None
                raise
            return tuple(self._look(name, found) for name in names)

    def _look(self, name: str, found: Mapping[str, Mapping[str, Any]]) -> Service:
        named, settings = self._named(name), self._setup.settings.service[name]
        if named not in found:
            raise ConfigurationError(
                f'release.service.{name}: cluster {self._aws.cluster or "default"} has no service "{named}"',
                hint="`name` says what ECS calls it; make it once, by the console or your infrastructure's own tool",
            )
        about = found[named]
        runs = self._cluster.definition(str(about["taskDefinition"]))
        seen = self._seen[name] = self._judged(name, about, runs)
        fargate = "FARGATE" in {about.get("launchType"), *(runs.body.get("requiresCompatibilities") or ())}
        problem, hint = seen.problem if seen.problem[0] else room.barred(about)
        running = tuple(self._running(seen, task) for task in self._cluster.tasks(named)) or self._in_its_place(seen)
        return Service(
            name,
            settings.image,
            "ecs",
            running,
            self._way(seen),
            definitions.platform_of(seen.base, fargate=fargate),
            barred=problem,
            hint=hint,
        )

    def _judged(self, name: str, about: Mapping[str, Any], runs: Described) -> _Seen:
        """Return a service with what a new task definition is made from, or why none can be made."""
        settings = self._setup.settings.service[name]
        base, container, problem = runs.body, settings.container, ("", "")
        try:
            if settings.task_definition:
                base = self._from_file(name)
            elif runs.problem:
                problem = (f"task definition {runs.name}: {runs.problem}", "update botocore, which does not know it")
            container = definitions.container_of(base, settings.container)
        except Odd as odd:
            where = settings.task_definition or f"task definition {runs.name}"
            hint = f"release.service.{name}.container says which one gets the image, task-definition is the file"
            problem = (f"{where}: {untrusted.shown(odd)}", hint)
        return _Seen(about, runs, base, container, problem)

    def _from_file(self, name: str) -> dict[str, Any]:
        path = self._setup.root / self._setup.settings.service[name].task_definition
        try:
            return self._cluster.body(definitions.read(reading.read(path, most=_MOST)))
        except OSError as error:
            raise ConfigurationError(
                f"release.service.{name}.task-definition: {path}: {error.strerror}",
                hint="name a file with a task definition in JSON, or leave it out: then what runs is taken",
            ) from None

    def _running(self, seen: _Seen, task: Mapping[str, Any]) -> Running:
        described = self._cluster.definition(str(task["taskDefinitionArn"]))
        place = self._place_in(seen)
        return tasks.running(task, described.body, seen.container, place, current=self._is_current(seen, described))

    def _in_its_place(self, seen: _Seen) -> tuple[Running, ...]:
        """Return what stands for a service that is to have no task: its task definition."""
        if seen.about.get("desiredCount") or seen.about.get("schedulingStrategy") == "DAEMON":
            return ()
        made = tasks.running({}, seen.runs.body, seen.container, "", current=self._is_current(seen, seen.runs))
        return (
            Running(
                f"definition {seen.runs.name}",
                made.digest,
                HEALTHY,
                made.image,
                made.ahead,
                made.reference,
                made.current,
            ),
        )

    def _is_current(self, seen: _Seen, described: Described) -> bool:
        """Return whether a task definition is as the settings have it, but for the image."""
        if not seen.from_file or seen.problem[0]:
            return True
        image = str(definitions.the_container(described.body, seen.container).get("image", ""))
        return definitions.same(definitions.edited(seen.base, Edit(seen.container, image)), described.body)

    def _place_in(self, seen: _Seen) -> str:
        image = str(definitions.the_container(seen.runs.body, seen.container).get("image", ""))
        head, colon, tag = image.partition("@")[0].rpartition(":")
        return head if colon and "/" not in tag else image

    def _way(self, seen: _Seen) -> str:
        words = room.way(seen.about)
        if not seen.from_file:
            return words
        image = str(definitions.the_container(seen.runs.body, seen.container).get("image", ""))
        other = definitions.differences(seen.runs.body, definitions.edited(seen.base, Edit(seen.container, image)))
        return f"{words}; the file differs in: {', '.join(other)}" if other else words

    def _require_account(self) -> None:
        if not self._aws.account:
            return
        account = str(self._amazon.ask("sts", "get_caller_identity").get("Account"))
        if account != self._aws.account:
            raise AccessError(
                f"the credentials are those of account {account}, and release.aws.account is {self._aws.account}",
                hint="log in to that account, or choose its profile: AWS_PROFILE; nothing was changed",
            )

    def _no_cluster(self) -> ConfigurationError:
        known: list[str] = []
        with contextlib.suppress(Refusal):
            arns = self._amazon.ask("ecs", "list_clusters").get("clusterArns") or ()
            known = [str(each).rpartition("/")[2] for each in arns]
        return ConfigurationError(
            f'release.aws.cluster: there is no cluster "{self._aws.cluster or "default"}" in {self._amazon.region}'
            f"{nearest(self._aws.cluster, known)}",
            hint=f"there {'are' if known else 'is'}: {', '.join(known) or 'none that these credentials see'}",
        )

    # ------------------------------------------------------------------ what else a release asks

    def recall(self, definitions: Mapping[str, str]) -> None:
        """See `Target.recall`."""
        self._recalled = dict(definitions)

    def noted(self, name: str) -> str:
        """See `Target.noted`."""
        with worded():
            about = self._cluster.services([self._named(name)]).get(self._named(name)) or {}
        return str(about.get("taskDefinition") or "")

    def database(self, service: Service) -> Database:
        """Return where the database is, by what runs: its gate lets no service start on one that is behind it.

        It may be ahead of that; then the migration step says so.
        """
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
        raise ConfigurationError(
            f"{name}: migrations of {image.place} are not run on ECS yet",
            hint='migrate the database before the release, and set [tool.buildkit.release] migrate = "off"',
        )

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
        before = self._seen[name].runs.arn
        now = self._rolled.get(name, before)
        self._rolled[name] = wanted
        rollout = Rollout(self._cluster, self._named(name), now, self._setup.settings.wait, self._setup.say)
        rollout.run(wanted)

    def _definition(self, service: Service, reference: str, health: tuple[str, ...]) -> str:
        """Return the ARN of a task definition with an image: one that is there, or else one that is registered now."""
        name, seen = service.name, self._seen[service.name]
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

    def _register(self, service: Service, seen: _Seen, body: Mapping[str, Any]) -> str:
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
    def _image_in(described: Described, seen: _Seen) -> str:
        return str(definitions.the_container(described.body, seen.container).get("image", ""))

    def _named(self, name: str) -> str:
        return self._setup.settings.service[name].name or name
