"""The look at the services of a cluster, and what a new task definition of each is made from."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from buildkit.config.messages import nearest
from buildkit.core import untrusted
from buildkit.core.untrusted import Odd
from buildkit.doors import reading
from buildkit.errors import AccessError, ConfigurationError
from buildkit.release.aws import definitions, room, tasks
from buildkit.release.aws.amazon import Amazon, Refusal
from buildkit.release.aws.cluster import Cluster, Described
from buildkit.release.aws.definitions import Edit
from buildkit.release.sight import HEALTHY, Running, Service
from buildkit.release.target import Setup

_MOST = 1 << 20
_NO_CLUSTER = "ClusterNotFoundException"


@dataclass(frozen=True, slots=True)
class Seen:
    """A service as the look found it.

    Args:
        name: the service's name in the settings.
        about: the service, as ECS describes it.
        runs: the task definition of its newest deployment.
        base: what a new task definition is made from: that one, or what the file has.
        container: the name of the container that gets the image.
        problem: why no new task definition can be made, with a hint.
    """

    name: str
    about: Mapping[str, Any]
    runs: Described
    base: Mapping[str, Any]
    container: str
    problem: tuple[str, str] = ("", "")

    @property
    def from_file(self) -> bool:
        """Whether the task definition is that of a file."""
        return self.base is not self.runs.body


class Look:
    """The look at the services of a cluster.

    Args:
        setup: what the target is made with.
        amazon: asks AWS.
        cluster: asks ECS.
    """

    def __init__(self, setup: Setup, amazon: Amazon, cluster: Cluster) -> None:
        self._setup = setup
        self._aws = setup.settings.aws
        self._amazon = amazon
        self._cluster = cluster
        self.seen: dict[str, Seen] = {}

    def services(self, names: Sequence[str]) -> tuple[Service, ...]:
        """Return the services of these names in the settings as they run now.

        Raises:
            Refusal: AWS refuses, or does not answer.
            AccessError: the credentials are those of another account.
            ConfigurationError: there is no such service, or no such cluster.
        """
        self._require_account()
        try:
            found = self._cluster.services([self.named(name) for name in names])
        except Refusal as refusal:
            if refusal.code == _NO_CLUSTER:
                raise self._no_cluster() from None
            raise
        return tuple(self._look(name, found) for name in names)

    def named(self, name: str) -> str:
        """Return what ECS calls a service."""
        return self._setup.settings.service[name].name or name

    def _look(self, name: str, found: Mapping[str, Mapping[str, Any]]) -> Service:
        named, settings = self.named(name), self._setup.settings.service[name]
        if named not in found:
            raise ConfigurationError(
                f'release.service.{name}: cluster {self._aws.cluster or "default"} has no service "{named}"',
                hint="`name` says what ECS calls it; make it once, by the console or your infrastructure's own tool",
            )
        about = found[named]
        if not about.get("taskDefinition"):
            problem, hint = room.barred(about)
            return Service(name, settings.image, "ecs", barred=problem or "it has no task definition", hint=hint)
        runs = self._cluster.definition(str(about["taskDefinition"]))
        seen = self.seen[name] = self._judged(name, about, runs)
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

    def _judged(self, name: str, about: Mapping[str, Any], runs: Described) -> Seen:
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
        return Seen(name, about, runs, base, container, problem)

    def _from_file(self, name: str) -> dict[str, Any]:
        path = self._setup.root / self._setup.settings.service[name].task_definition
        try:
            return self._cluster.body(definitions.read(reading.read(path, most=_MOST)))
        except OSError as error:
            raise ConfigurationError(
                f"release.service.{name}.task-definition: {path}: {error.strerror}",
                hint="name a file with a task definition in JSON, or leave it out: then what runs is taken",
            ) from None

    def _running(self, seen: Seen, task: Mapping[str, Any]) -> Running:
        described = self._cluster.definition(str(task["taskDefinitionArn"]))
        return tasks.running(
            task, described.body, seen.container, self._host_of(seen), current=self._is_current(seen, described)
        )

    def _in_its_place(self, seen: Seen) -> tuple[Running, ...]:
        """Return what stands for a service that is to have no task: its task definition."""
        if seen.about.get("desiredCount") or seen.about.get("schedulingStrategy") == "DAEMON":
            return ()
        made = tasks.running(
            {}, seen.runs.body, seen.container, self._host_of(seen), current=self._is_current(seen, seen.runs)
        )
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

    def _is_current(self, seen: Seen, described: Described) -> bool:
        """Return whether a task definition is as the settings have it, but for the image."""
        if not seen.from_file or seen.problem[0]:
            return True
        image = str(definitions.the_container(described.body, seen.container).get("image", ""))
        return definitions.same(definitions.edited(seen.base, Edit(seen.container, image)), described.body)

    def _host_of(self, seen: Seen) -> str:
        """Return the registry of a service's image, with its port: what runs may come from another one."""
        return self._setup.places[seen.name].partition("/")[0]

    def _way(self, seen: Seen) -> str:
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
