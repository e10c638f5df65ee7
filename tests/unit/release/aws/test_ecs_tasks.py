"""What runs on ECS and why it ended, in words; whether a service leaves room for another version; unknown fields."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from buildkit.release import endings
from buildkit.release.aws import room, shapes, tasks
from buildkit.release.sight import FAILING, HEALTHY, STARTING, Image

TASK = {"taskArn": "arn:aws:ecs:x:1:task/orbits/" + "a" * 32, "lastStatus": "RUNNING", "healthStatus": "HEALTHY"}


@pytest.mark.parametrize(
    ("about", "condition"),
    [
        ({}, HEALTHY),
        ({"healthStatus": "UNKNOWN"}, HEALTHY),
        ({"healthStatus": "UNHEALTHY"}, FAILING),
        ({"lastStatus": "PENDING"}, STARTING),
        ({"lastStatus": "PROVISIONING", "healthStatus": "UNKNOWN"}, STARTING),
        ({"lastStatus": "STOPPING"}, FAILING),
    ],
)
def test_the_condition_of_a_task(about: dict[str, str], condition: str) -> None:
    assert tasks.condition_of({**TASK, **about}) == condition


def test_a_task_runs_what_its_definition_names_or_else_what_ecs_pulled() -> None:
    environment = [{"name": "PYBUILDKIT_MIGRATE_AHEAD", "value": "serve"}]
    by_digest = {"containerDefinitions": [{"name": "api", "image": "r/api@sha256:one", "environment": environment}]}
    by_tag = {"containerDefinitions": [{"name": "api", "image": "r/api:latest"}]}
    task = {**TASK, "containers": [{"name": "api", "imageDigest": "sha256:two"}]}

    first = tasks.running(task, by_digest, "api", "r", current=True)
    second = tasks.running(task, by_tag, "api", "r", current=True)
    third = tasks.running(TASK, by_tag, "api", "r", current=True)
    other = tasks.running(task, by_digest, "api", "elsewhere", current=True)

    assert (first.digest, first.image, first.ahead) == ("sha256:one", Image("r/api", "sha256:one"), "serve")
    assert (second.digest, second.image) == ("sha256:two", Image("r/api", "sha256:two"))
    assert (third.digest, third.image) == ("", None)
    assert (other.digest, other.image, other.reference) == ("sha256:one", None, "r/api@sha256:one")


@pytest.mark.parametrize(
    ("about", "words"),
    [
        (
            {"stopCode": "EssentialContainerExited", "containers": [{"name": "api", "exitCode": 43}]},
            "container api ended with exit code 43: the database is ahead of its code",
        ),
        (
            {
                "stopCode": "EssentialContainerExited",
                "containers": [{"name": "api", "exitCode": 137, "reason": "OutOfMemoryError"}],
            },
            f"container api ended with exit code 137: {endings.EXITS[137]} (OutOfMemoryError)",
        ),
        (
            {"stopCode": "TaskFailedToStart", "stoppedReason": "CannotPullContainerError: not found"},
            "CannotPullContainerError: not found",
        ),
        (
            {"stopCode": "ServiceSchedulerInitiated", "stoppedReason": "Task failed ELB health checks in (group x)"},
            "Task failed ELB health checks in (group x)",
        ),
        ({"stopCode": "ServiceSchedulerInitiated", "stoppedReason": "Scaling activity initiated by deployment"}, ""),
        ({"stopCode": "UserInitiated", "stoppedReason": "stopped for a failing test"}, ""),
        ({"stopCode": "EssentialContainerExited"}, "EssentialContainerExited"),
    ],
)
def test_why_a_task_ended(about: dict[str, Any], words: str) -> None:
    found = tasks.ending({**TASK, **about})

    assert (found.words if found else "") == words


def test_what_ends_for_one_reason_is_counted_whatever_its_ids() -> None:
    def pulled(number: int, code: int) -> tasks.Ending:
        arn = f"arn:aws:ecs:x:1:task/orbits/{number:032x}"
        reason = f"CannotPullContainerError: {arn}: status {code}"
        found = tasks.ending({"taskArn": arn, "stopCode": "TaskFailedToStart", "stoppedReason": reason})
        assert found is not None
        return found

    same = [pulled(number, 403) for number in range(3)]
    other = [pulled(1, 403), pulled(2, 404), pulled(3, 500)]

    assert tasks.repeated(same, 3) == same[0]
    assert tasks.repeated(other, 3) is None
    assert tasks.lines(same) == [f"task {0:032x}: {same[0].words} (3 times)"]


@pytest.mark.parametrize(
    ("count", "least", "most", "words"),
    [
        (1, 100, 200, ""),
        (1, 0, 100, ""),
        (2, 50, 100, ""),
        (0, 100, 100, ""),
        (1, 100, 100, "100 % of 1 tasks have to run and 100 % may: no task can ever be replaced"),
        (1, 50, 100, "50 % of 1 tasks have to run and 100 % may: no task can ever be replaced"),
        (3, 100, 120, "100 % of 3 tasks have to run and 120 % may: no task can ever be replaced"),
    ],
)
def test_a_service_without_room_for_another_task_is_refused(count: int, least: int, most: int, words: str) -> None:
    about = {"minimumHealthyPercent": least, "maximumPercent": most}

    assert room.barred({"desiredCount": count, "deploymentConfiguration": about})[0] == words


def test_other_ways_of_deploying_are_left_to_ecs_or_refused() -> None:
    tight = {"minimumHealthyPercent": 100, "maximumPercent": 100}

    assert room.barred({"desiredCount": 1, "schedulingStrategy": "DAEMON", "deploymentConfiguration": tight})[0] == ""
    blue = {"desiredCount": 1, "deploymentConfiguration": {**tight, "strategy": "BLUE_GREEN"}}
    assert (room.barred(blue)[0], room.way(blue)) == ("", "blue/green by ECS, no circuit breaker")
    behind = {**blue, "loadBalancers": [{"containerPort": 8000}], "schedulingStrategy": "REPLICA"}
    words = ", no grace period for the load balancer's health check"
    assert room.way(behind) == room.way(blue) + words
    assert room.way({**behind, "healthCheckGracePeriodSeconds": 60}) == room.way(blue)
    by_other = {"desiredCount": 1, "deploymentController": {"type": "CODE_DEPLOY"}}
    assert room.barred(by_other)[0] == "its deployments are made by CODE_DEPLOY"


def test_fields_that_a_model_lacks_are_found_wherever_they_stand() -> None:
    text = SimpleNamespace(type_name="string")
    inner = SimpleNamespace(type_name="structure", members={"name": text})
    rows = SimpleNamespace(type_name="list", member=inner)
    table = SimpleNamespace(type_name="map", value=inner)
    model = SimpleNamespace(type_name="structure", members={"rows": rows, "table": table, "text": text})
    value = {"rows": [{"name": "api", "new": 1}], "table": {"any": {"other": None}}, "text": "", "top": {}}

    assert [*shapes.unknown(value, model)] == ["rows[api].new", "table.any.other", "top"]
