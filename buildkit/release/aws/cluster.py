"""Asks ECS about one cluster. Every answer is a plain value; every refusal is a `Refusal`."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from buildkit.core.untrusted import Odd
from buildkit.release.aws import shapes
from buildkit.release.aws.amazon import Amazon, Refusal

LOOK = 5.0
"""Seconds between two looks at what is under way."""

_SERVICES, _TASKS, _REVISIONS = 10, 100, 20
"""How many ECS describes at once."""

_NEWEST = 20
"""Deployments of a service that are looked at: the one that is followed is among the newest."""


class Described(NamedTuple):
    """A task definition as ECS has it.

    Args:
        arn: its ARN, with the number of its revision.
        active: whether it can be run still.
        body: the fields that can be registered.
        tags: its tags.
        problem: why no other one can be made from it; empty if it can.
    """

    arn: str
    active: bool
    body: Mapping[str, Any]
    tags: tuple[Mapping[str, str], ...] = ()
    problem: str = ""

    @property
    def name(self) -> str:
        """Family and number."""
        return self.arn.rpartition("/")[2]


class Cluster:
    """One cluster of ECS.

    Args:
        amazon: asks AWS.
        name: the cluster's name or ARN; the default one if empty.
    """

    def __init__(self, amazon: Amazon, name: str) -> None:
        self.amazon = amazon
        self.name = name
        self._where = {"cluster": name} if name else {}
        self._described: dict[str, Described] = {}
        self._targets: dict[str, str] = {}

    def pause(self) -> None:
        """Wait until it is time for another look at what is under way."""
        time.sleep(LOOK)

    def services(self, names: Sequence[str]) -> dict[str, dict[str, Any]]:
        """Return the services of these names that there are and that are not deleted."""
        found: dict[str, dict[str, Any]] = {}
        for some in _portions([*dict.fromkeys(names)], _SERVICES):
            answer = self.amazon.ask("ecs", "describe_services", services=some, **self._where)
            found |= {each["serviceName"]: each for each in answer["services"] if each.get("status") == "ACTIVE"}
        return found

    def definition(self, name: str, *, anew: bool = False) -> Described:
        """Return a task definition.

        Args:
            name: its ARN, or its family for the newest that is active.
            anew: whether it is asked for though it is known.
        """
        if name not in self._described or anew:
            answer = self.amazon.ask("ecs", "describe_task_definition", taskDefinition=name, include=["TAGS"])
            about = answer["taskDefinition"]
            raw = self.amazon.raw("ecs", "describe_task_definition") or {}
            body, problem = self._body(about, raw.get("taskDefinition") or {})
            tags = tuple(answer.get("tags") or ())
            made = Described(about["taskDefinitionArn"], about.get("status") != "INACTIVE", body, tags, problem)
            self._described[name] = self._described[made.arn] = made
        return self._described[name]

    def newest(self, family: str) -> Described | None:
        """Return the newest task definition of a family that is active; None if there is none."""
        try:
            return self.definition(family, anew=True)
        except Refusal as refusal:
            if type(refusal) is Refusal:
                return None
            raise

    def body(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Return what can be registered of a task definition that somebody wrote.

        Raises:
            Odd: it has a field that botocore does not know.
        """
        body, problem = self._body(given, given)
        if problem:
            raise Odd(problem)
        return dict(body)

    def _body(self, about: Mapping[str, Any], raw: Mapping[str, Any]) -> tuple[Mapping[str, Any], str]:
        takes = self.amazon.shape("ecs", "register_task_definition", answer=False)
        says = self.amazon.shape("ecs", "describe_task_definition", answer=True).members["taskDefinition"]
        own = {name: value for name, value in raw.items() if name not in takes.members}
        inner = {name: value for name, value in raw.items() if name in takes.members}
        odd = [*shapes.unknown(inner, takes), *shapes.unknown(own, says)]
        odd += [] if raw else ["in an answer that cannot be read"]
        body = {name: value for name, value in about.items() if name in takes.members}
        return body, f"unknown field {', '.join(sorted(odd))}" if odd else ""

    def register(self, body: Mapping[str, Any], tags: Sequence[Mapping[str, str]]) -> str:
        """Register a task definition; return its ARN. Tags that AWS itself gives cannot be given."""
        own = [dict(each) for each in tags if not str(each.get("key", "")).lower().startswith("aws:")]
        given = {**body, **({"tags": own} if own else {})}
        answer = self.amazon.ask("ecs", "register_task_definition", **given)
        return str(answer["taskDefinition"]["taskDefinitionArn"])

    def update(self, service: str, arn: str) -> dict[str, Any]:
        """Let a service run a task definition; return the service."""
        answer = self.amazon.ask("ecs", "update_service", service=service, taskDefinition=arn, **self._where)
        found: dict[str, Any] = answer["service"]
        return found

    def tasks(self, service: str, *, stopped: bool = False) -> list[dict[str, Any]]:
        """Return the tasks of a service: those that are to run, or those that have ended within the last hour."""
        return self._tasks(stopped=stopped, serviceName=service)

    def started_by(self, name: str) -> list[dict[str, Any]]:
        """Return the tasks that were started under a name: those that are to run, and those that ended lately."""
        return [*self._tasks(stopped=False, startedBy=name), *self._tasks(stopped=True, startedBy=name)]

    def task(self, arn: str) -> dict[str, Any] | None:
        """Return a task; None if ECS does not know it, or not any more."""
        found = self.amazon.ask("ecs", "describe_tasks", tasks=[arn], **self._where)["tasks"]
        return found[0] if found else None

    def run(self, arn: str, given: Mapping[str, Any]) -> dict[str, Any]:
        """Start a task of a task definition; return ECS's answer."""
        return self.amazon.ask("ecs", "run_task", taskDefinition=arn, **given, **self._where)

    def _tasks(self, *, stopped: bool, **which: str) -> list[dict[str, Any]]:
        arns, given = list[str](), {"desiredStatus": "STOPPED" if stopped else "RUNNING", **which}
        while True:
            answer = self.amazon.ask("ecs", "list_tasks", **given, **self._where)
            arns += answer["taskArns"]
            if not answer.get("nextToken"):
                break
            given["nextToken"] = answer["nextToken"]
        found = []
        for some in _portions(arns, _TASKS):
            found += self.amazon.ask("ecs", "describe_tasks", tasks=some, **self._where)["tasks"]
        return found

    def deployments(self, service: str) -> list[dict[str, Any]]:
        """Return the newest deployments of a service, the newest first."""
        answer = self.amazon.ask("ecs", "list_service_deployments", service=service, maxResults=_NEWEST, **self._where)
        return list(answer["serviceDeployments"])

    def targets(self, found: Iterable[Mapping[str, Any]]) -> dict[str, str]:
        """Return the ARN of the task definition of each service revision that deployments lead to."""
        arns = {str(each["targetServiceRevisionArn"]) for each in found if each.get("targetServiceRevisionArn")}
        for some in _portions(sorted(arns - {*self._targets}), _REVISIONS):
            answer = self.amazon.ask("ecs", "describe_service_revisions", serviceRevisionArns=some)
            self._targets |= {each["serviceRevisionArn"]: each["taskDefinition"] for each in answer["serviceRevisions"]}
        return self._targets

    def stop(self, deployment: str) -> None:
        """Let ECS end a deployment and go back to what ran before."""
        self.amazon.ask("ecs", "stop_service_deployment", serviceDeploymentArn=deployment, stopType="ROLLBACK")


def _portions(items: Sequence[str], size: int) -> Iterator[list[str]]:
    for at in range(0, len(items), size):
        yield list(items[at : at + size])
