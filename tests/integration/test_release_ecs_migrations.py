"""The migration as a step of a release to ECS: a task of the new image, its exit code, and what a kill leaves."""

from __future__ import annotations

from typing import Any

import pytest
from ecs_endpoint import RefusedError
from ecs_samples import LOGS
from fleets import Fleet, definition

from buildkit.release.aws.oneshot import one_shot

NEXT: dict[str, Any] = {"head": "0003", "revisions": "0001 0002 0003"}
NETWORK = {"awsvpcConfiguration": {"subnets": ["subnet-1"], "securityGroups": ["sg-1"], "assignPublicIp": "DISABLED"}}


@pytest.fixture
def migrating(fleet: Fleet) -> Fleet:
    """A project that runs an image at revision 0002, which serves on a newer schema; its log is in CloudWatch."""
    old = fleet.push(head="0002", revisions="0001 0002", ahead="serve")
    body = definition(old)
    body["containerDefinitions"][0]["logConfiguration"] = LOGS
    fleet.ecs.serve("orbits-api", fleet.ecs.define(body), networkConfiguration=NETWORK, platformVersion="1.4.0")
    return fleet


def test_a_pending_revision_is_migrated_by_a_task_of_the_new_image_before_the_rollout(migrating: Fleet) -> None:
    new = migrating.push(**NEXT)

    code, done, said = migrating.release()

    assert (code, done["migrate api"], done["deploy api"]) == (0, "made", "made"), said
    assert migrating.ecs.written == ["RegisterTaskDefinition", "RunTask", "RegisterTaskDefinition", "UpdateService"]
    (task,) = migrating.ecs.alone.values()
    given = task["given"]
    assert (given["networkConfiguration"], given["launchType"], given["platformVersion"]) == (
        NETWORK,
        "FARGATE",
        "1.4.0",
    )
    body = migrating.ecs.definitions[given["taskDefinition"]]
    (container,) = body["containerDefinitions"]
    assert (body["family"], container["image"], container["entryPoint"]) == ("orbits-api-migrate", new, ["python"])
    assert container["command"] == ["-m", "buildkit.runtime", "--migrate"]
    assert f"migrate: started {task['taskArn']}" in said
    assert "its log is api/api/" in said

    migrating.ecs.calls.clear()
    assert migrating.release()[0] == 0
    assert migrating.ecs.written == []


def test_where_nothing_is_pending_no_task_is_started(migrating: Fleet) -> None:
    migrating.push(head="0002", revisions="0001 0002", ahead="serve")

    code, done, said = migrating.release()

    assert (code, done["migrate"], done["deploy api"]) == (0, "left", "made"), said
    assert "RunTask" not in migrating.ecs.written


def test_where_no_task_is_to_run_nothing_is_known_of_the_database_and_the_task_looks(migrating: Fleet) -> None:
    migrating.ecs.serve("orbits-api", migrating.ecs.services["orbits-api"].about["taskDefinition"], count=0)
    migrating.push(head="0002", revisions="0001 0002", ahead="serve")

    code, done, said = migrating.release()

    assert (code, done["migrate api"], len(migrating.ecs.alone)) == (0, "made", 1), said


@pytest.mark.parametrize(("exit_code", "code"), [(40, 40), (42, 42), (43, 43), (75, 75), (1, 52), (None, 52)])
def test_how_the_migration_ends_is_how_the_release_ends(migrating: Fleet, exit_code: int | None, code: int) -> None:
    old = migrating.ecs.runs("orbits-api")
    migrating.push(**NEXT)
    migrating.ecs.exits = [exit_code]
    migrating.ecs.log = ["relation missing", "with postgresql://me:swordfish@db and hush"]

    found, done, said = migrating.release()

    assert (found, done["migrate api"], done["deploy api"]) == (code, "failed", "skipped"), said
    assert (migrating.ecs.runs("orbits-api"), "swordfish" in said, "hush" in said) == (old, False, False)
    words = "was not run: ResourceInitializationError: no secret" if exit_code is None else "relation missing"
    assert words in said

    code, done, said = migrating.release()
    assert (code, done["migrate api"]) == (0, "made"), said
    assert len(migrating.ecs.alone) == 2


def test_a_migration_that_is_under_way_or_has_just_ended_is_not_run_twice(migrating: Fleet) -> None:
    """As after a kill: once before anything of the answer came, once while it runs, once when it has ended."""
    migrating.push(**NEXT)
    migrating.ecs.refusals["DescribeTasks"] = [RefusedError("ExpiredTokenException")]
    migrating.ecs.meanwhile["RunTask"] = lambda: migrating.ecs.refusals.update(
        DescribeTasks=[RefusedError("ExpiredTokenException")]
    )
    migrating.ecs.refusals["DescribeTasks"] = []
    assert migrating.release()[0] == 55

    code, done, said = migrating.release()

    assert (code, done["migrate api"]) == (0, "made"), said
    assert "is under way; waiting for it" in said
    assert migrating.ecs.written.count("RunTask") == 1
    assert migrating.ecs.written.count("RegisterTaskDefinition") == 2


def test_code_that_would_end_on_the_newer_schema_is_not_left_behind(fleet: Fleet) -> None:
    """Old tasks that ECS restarts, or goes back to, would end with 43."""
    old = fleet.push(head="0002", revisions="0001 0002", ahead="fail")
    fleet.ecs.serve("orbits-api", fleet.ecs.define(definition(old)))
    fleet.push(**NEXT)

    code, done, said = fleet.release()

    assert (code, done["gate ahead"], fleet.ecs.written) == (50, "refused", []), said
    assert "would end on a database ahead of it" in said


def test_a_task_that_cannot_be_placed_says_so(migrating: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    migrating.push(**NEXT)
    answer: dict[str, Any] = {"tasks": [], "failures": [{"reason": "RESOURCE:MEMORY", "arn": "arn:x"}]}
    monkeypatch.setattr(migrating.ecs, "_on_RunTask", lambda _: answer, raising=False)

    code, done, said = migrating.release()

    assert (code, done["migrate api"]) == (52, "failed"), said
    assert "the migration of api was not run: RESOURCE:MEMORY" in said


def test_what_stands_beside_the_container_no_longer_keeps_the_task_alive() -> None:
    proxy = {"name": "proxy", "image": "proxy:1", "portMappings": [{"containerPort": 5432}], "essential": True}
    api = {"name": "api", "image": "api:1", "essential": True, "healthCheck": {"command": ["CMD", "true"]}}
    api["dependsOn"] = [{"containerName": "proxy", "condition": "START"}]
    late = {"name": "late", "image": "late:1", "dependsOn": [{"containerName": "api", "condition": "HEALTHY"}]}

    made = one_shot({"family": "f", "containerDefinitions": [proxy, api, late]}, "api")

    found = {each["name"]: each for each in made["containerDefinitions"]}
    assert made["family"] == "f-migrate"
    assert [each["essential"] for each in made["containerDefinitions"]] == [False, True, False]
    assert found["api"]["dependsOn"] == [{"containerName": "proxy", "condition": "START"}]
    assert (found["late"]["dependsOn"], "healthCheck" in found["api"], "portMappings" in found["proxy"]) == (
        [],
        False,
        False,
    )
