"""The migration as a task of its own, of the new image; one that a killed release left is found again."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from buildkit.core import untrusted
from buildkit.doors.clock import Stopwatch
from buildkit.errors import RestoredError, UndecidedError
from buildkit.release import endings
from buildkit.release.aws import definitions, tasks
from buildkit.release.aws.amazon import Busy, Refusal
from buildkit.release.aws.cluster import Cluster
from buildkit.release.aws.definitions import Edit
from buildkit.release.aws.look import Seen
from buildkit.release.redaction import redacted
from buildkit.release.sight import Image
from buildkit.release.target import Say

_LINES = 12
_WHERE = ("launchType", "capacityProviderStrategy", "platformVersion", "networkConfiguration")
"""What the task has of its service: its subnets and groups, and the machines that it runs on."""

_OF_SERVICE = ("healthCheck", "portMappings", "restartPolicy")
"""What a container that serves nobody does without."""


class Oneshot:
    """The migration of one service.

    Args:
        cluster: asks ECS.
        service: the service's name in the settings.
        seen: the service as the look found it.
        seconds: how long the task may take until it runs.
        say: called with each line of progress.
    """

    def __init__(self, cluster: Cluster, service: str, seen: Seen, seconds: float, say: Say) -> None:
        self._cluster = cluster
        self._service = service
        self._seen = seen
        self._seconds = seconds
        self._say = say

    def migrate(self, image: Image) -> None:
        """Run the migration of an image where its service runs, and wait for its end.

        Raises:
            Refusal: AWS refuses, or does not answer.
            BuildkitError: it failed; class and exit code are the migration's own.
        """
        name = f"buildkit-migrate-{image.digest.removeprefix('sha256:')[:12]}"
        found = self._cluster.started_by(name)
        ended = [each for each in found if each.get("lastStatus") == "STOPPED"]
        well = next((each for each in ended if self._code(each) == 0), None)
        under_way = next((each for each in found if each not in ended), None)
        if well is not None:
            self._say(f"migrate: task {tasks.id_of(well)} of this image has ended well already")
            return
        if under_way is not None:
            self._say(f"migrate: task {tasks.id_of(under_way)} is under way; waiting for it")
            task = under_way
        else:
            task = self._start(image, name, len(ended))
        self._judge(self._await(task))

    def _start(self, image: Image, name: str, tried: int) -> dict[str, Any]:
        arn = self._definition(image)
        about = self._seen.about
        where = {each: about[each] for each in _WHERE if about.get(each)}
        if "capacityProviderStrategy" in where:
            where.pop("launchType", None)
        # equal for the same try: one that was killed before it had the answer starts no second task
        given = {"startedBy": name, "clientToken": f"{name}-{tried}", "count": 1, **where}
        try:
            answer = self._cluster.run(arn, given)
        except Refusal as refusal:
            if type(refusal) is not Refusal:
                raise
            raise self._not_started(f"{refusal.code}: {refusal.words}") from None
        if answer.get("failures") or not answer.get("tasks"):
            why = [f"{each.get('reason')} {each.get('detail') or ''}".strip() for each in answer.get("failures") or ()]
            raise self._not_started("; ".join(why) or "ECS started no task, and gives no reason")
        task: dict[str, Any] = answer["tasks"][0]
        self._say(f"migrate: started {task['taskArn']}")
        group, stream = self._log(task)
        if group:
            self._say(f"migrate: its log is {stream} in {group}")
        return task

    def _definition(self, image: Image) -> str:
        """Return the ARN of the task definition of the migration: that of the service, with another entrypoint."""
        base = definitions.edited(self._seen.base, Edit(self._seen.container, image.reference))
        body = one_shot(base, self._seen.container)
        newest = self._cluster.newest(str(body["family"]))
        if newest is not None and newest.active and definitions.same(newest.body, body):
            return newest.arn
        return self._cluster.register(body, self._seen.runs.tags)

    def _await(self, task: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return a task once it has stopped. One that was never seen running may have ended well all the same."""
        watch, now = Stopwatch(), task
        while now.get("lastStatus") != "STOPPED":
            if now.get("startedAt") is None and watch.seconds > self._seconds:
                raise UndecidedError(
                    f"the migration of {self._service} does not start: task {tasks.id_of(task)} is "
                    f"{now.get('lastStatus')} after {self._seconds:g} s",
                    hint="run the same command again: it waits on; is there room in the cluster?",
                )
            self._cluster.pause()
            try:
                now = self._cluster.task(str(task["taskArn"])) or now
            except Busy as busy:
                self._say(f"migrate: {busy.action}: {busy.code}; it is asked again")
        return now

    def _judge(self, task: Mapping[str, Any]) -> None:
        """Raise what the end of the task means, unless it is well."""
        code = self._code(task)
        if code == 0:
            return
        if code is None:
            found = tasks.ending(task)
            raise self._not_started(found.words if found else str(task.get("stoppedReason") or "it gives no reason"))
        raise endings.migration_failed(self._service, code, self._last_lines(task))

    def _not_started(self, words: str) -> RestoredError:
        return RestoredError(
            f"the migration of {self._service} was not run: {words}",
            hint="nothing was changed, and the old release serves; mend it and release again",
        )

    def _code(self, task: Mapping[str, Any]) -> int | None:
        rows = task.get("containers") or ()
        return next((each.get("exitCode") for each in rows if each.get("name") == self._seen.container), None)

    def _log(self, task: Mapping[str, Any]) -> tuple[str, str]:
        """Return group and stream of the task's log in CloudWatch; both empty if it goes elsewhere."""
        container = definitions.the_container(self._seen.base, self._seen.container)
        about = container.get("logConfiguration") or {}
        options = about.get("options") or {}
        if about.get("logDriver") != "awslogs" or not options.get("awslogs-stream-prefix"):
            return "", ""
        stream = f"{options['awslogs-stream-prefix']}/{self._seen.container}/{tasks.id_of(task)}"
        return str(options.get("awslogs-group", "")), stream

    def _last_lines(self, task: Mapping[str, Any]) -> list[str]:
        """Return the last lines of the log, without secrets; where it cannot be read, where it is."""
        group, stream = self._log(task)
        if not group:
            return [f"task {tasks.id_of(task)}"]
        try:
            answer = self._cluster.amazon.ask(
                "logs", "get_log_events", logGroupName=group, logStreamName=stream, limit=_LINES
            )
        except Refusal as refusal:
            return [f"its log: {stream} in {group} ({refusal.action}: {refusal.code})"]
        container = definitions.the_container(self._seen.base, self._seen.container)
        known = {str(each.get("name")): str(each.get("value")) for each in container.get("environment") or ()}
        lines = [str(each.get("message") or "") for each in answer.get("events") or ()]
        return [redacted(untrusted.shown(line.rstrip(), 400), known) for line in lines if line.strip()]


def one_shot(base: Mapping[str, Any], container: str) -> dict[str, Any]:
    """Return a task definition that migrates in one container, and ends when that has ended.

    An entrypoint cannot be given to a task that is started, so it has a family of its own. What stands beside the
    container, such as a proxy to the database, stays, and no longer keeps the task alive.
    """
    made = {name: deepcopy(value) for name, value in base.items()}
    made["family"] = f"{base['family']}-migrate"
    for each in made["containerDefinitions"]:
        waits = [other for other in each.get("dependsOn") or () if other.get("containerName") != container]
        if "dependsOn" in each:
            each["dependsOn"] = waits
        each["essential"] = each.get("name") == container
        if each["essential"]:
            each |= {"entryPoint": ["python"], "command": ["-m", "buildkit.runtime", "--migrate"]}
            for name in _OF_SERVICE:
                each.pop(name, None)
        else:
            each.pop("portMappings", None)
    return made
