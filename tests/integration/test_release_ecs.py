"""Releases to ECS, as it is played on this machine: the whole way, and how each rollout may end."""

from __future__ import annotations

import subprocess
import sys

import pytest
from ecs_endpoint import RefusedError
from fleets import SECRET, VARIABLES, Fleet, definition


def test_a_commit_is_released_recorded_and_shown(fleet: Fleet) -> None:
    """The whole way once: plan, edit, update, wait, record; the same again does nothing."""
    old = fleet.ecs.runs("orbits-api")
    new = fleet.push()

    code, done, said = fleet.release(dry_run=True)
    assert (code, done["deploy api"], fleet.ecs.written) == (0, "due", []), said

    code, done, said = fleet.release()
    assert (code, done["deploy api"], done["record"]) == (0, "made", "made"), said
    assert fleet.ecs.written == ["RegisterTaskDefinition", "UpdateService"]
    assert (old, fleet.ecs.runs("orbits-api")) != (new, old)
    assert fleet.ecs.runs("orbits-api") == new
    assert "orbits-api:1 → orbits-api:2" in said
    status = fleet.status()
    assert status[0].startswith(f"healthy   service api: 1 run: {new.partition('@')[2][:19]} of commit {fleet.tag}")
    assert f"release production-{fleet.tag}" in status[2]

    fleet.ecs.calls.clear()
    code, done, said = fleet.release()
    assert (code, {*done.values()}, fleet.ecs.written) == (0, {"passed", "left"}, []), said


@pytest.mark.parametrize(
    ("outcome", "code", "words"),
    [
        ("breaker", 52, "api: ECS took the deployment back: deployment circuit breaker: tasks failed to start."),
        (
            "crash",
            52,
            "3 tasks ended for the same reason: container api ended with exit code 43: the database is ahead",
        ),
        ("pull", 52, "CannotPullContainerError"),
        ("failed", 52, "the deployment was stopped half-way: tasks failed to start.; api went back"),
        ("back-failed", 52, "the deployment was stopped half-way: the way back failed too; api went back"),
    ],
)
def test_a_rollout_that_fails_is_told_and_the_old_version_serves(
    fleet: Fleet, outcome: str, code: int, words: str
) -> None:
    old = fleet.ecs.runs("orbits-api")
    fleet.push()
    fleet.ecs.outcomes = [outcome]

    found, done, said = fleet.release()

    assert (found, done["deploy api"], done["record"]) == (code, "restored", "skipped"), said
    assert words in said
    assert "the release before this one serves" in said
    assert fleet.ecs.runs("orbits-api") == old
    assert fleet.ecs.asked.count("RegisterTaskDefinition") == 1, "the old revision is there still"


def test_where_the_way_back_fails_too_a_person_is_asked_for(fleet: Fleet) -> None:
    fleet.push()
    fleet.ecs.outcomes = ["failed", "failed"]

    code, done, said = fleet.release()

    assert (code, done["deploy api"]) == (53, "failed"), said
    assert "deploy api failed, and so did the way back" in said
    assert "look at api by hand" in said


def test_a_deployment_of_somebody_else_is_left_alone(fleet: Fleet) -> None:
    fleet.push()
    fleet.ecs.outcomes = ["superseded"]

    code, done, said = fleet.release()

    assert (code, done["deploy api"]) == (53, "failed"), said
    assert "another deployment took the place of this one: orbits-api:3" in said
    assert "nothing was undone" in said
    assert fleet.ecs.written.count("UpdateService") == 1


def test_a_service_that_is_changed_between_look_and_release_is_not_touched(fleet: Fleet) -> None:
    fleet.push()

    def meanwhile() -> None:
        other = fleet.ecs.define(definition(f"{fleet.place}:other"))
        fleet.ecs.serve("orbits-api", other)

    fleet.ecs.meanwhile["RegisterTaskDefinition"] = meanwhile

    code, _, said = fleet.release()

    assert code == 50, said
    assert "orbits-api was changed meanwhile: it runs orbits-api:2 now" in said
    assert "UpdateService" not in fleet.ecs.written


def test_what_is_stuck_is_undecided_and_the_next_run_waits_on(fleet: Fleet) -> None:
    fleet.declare(wait="1s")
    new = fleet.push()
    fleet.ecs.outcomes = ["stuck"]

    code, done, said = fleet.release()
    assert (code, done["deploy api"]) == (54, "failed"), said
    assert "orbits-api: 0 of 1 run after 1 s, which is neither well nor failed" in said

    fleet.ecs.services["orbits-api"].outcome = "well"
    code, done, said = fleet.release()
    assert (code, fleet.ecs.runs("orbits-api"), done["record"]) == (0, new, "made"), said
    assert fleet.ecs.written == ["RegisterTaskDefinition", "UpdateService"]


def test_earlier_failures_of_the_same_definition_do_not_count(fleet: Fleet) -> None:
    """What failed twice for want of something outside is released again, with the definition that is there."""
    new = fleet.push()
    fleet.ecs.outcomes = ["breaker", "breaker"]
    assert [fleet.release()[0], fleet.release()[0]] == [52, 52]

    code, _, said = fleet.release()

    assert (code, fleet.ecs.runs("orbits-api")) == (0, new), said
    assert fleet.ecs.written.count("RegisterTaskDefinition") == 1


def test_without_the_right_to_list_deployments_they_are_told_apart_by_id(fleet: Fleet) -> None:
    for outcome, expected in (("well", 0), ("breaker", 52), ("superseded", 53)):
        fleet.push()
        fleet.ecs.outcomes = [outcome]
        fleet.ecs.refusals["ListServiceDeployments"] = [RefusedError("AccessDeniedException")] * 99

        code, _, said = fleet.release()

        assert code == expected, (outcome, said)
        assert "ecs:ListServiceDeployments is not allowed" in said


@pytest.mark.parametrize("operation", ["StopServiceDeployment", "ListServiceDeployments"])
def test_without_the_right_to_stop_a_deployment_the_way_back_is_one_of_our_own(fleet: Fleet, operation: str) -> None:
    old = fleet.ecs.runs("orbits-api")
    fleet.push()
    fleet.ecs.outcomes = ["crash"]
    fleet.ecs.refusals[operation] = [RefusedError("AccessDeniedException")] * 99

    code, done, said = fleet.release()

    assert (code, done["deploy api"], fleet.ecs.runs("orbits-api")) == (52, "restored", old), said
    assert "3 tasks ended for the same reason" in said
    assert fleet.ecs.written.count("UpdateService") == 2


def test_throttling_while_it_waits_is_waited_out(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("buildkit.release.aws.amazon._TRIES", 1)
    new = fleet.push()
    busy = RefusedError("ThrottlingException", "Rate exceeded")
    fleet.ecs.outcomes = ["well"]
    fleet.ecs.meanwhile["UpdateService"] = lambda: fleet.ecs.refusals.update(DescribeServices=[busy] * 6)

    code, _, said = fleet.release()

    assert (code, fleet.ecs.runs("orbits-api")) == (0, new), said
    assert "ecs:DescribeServices: ThrottlingException; it is asked again" in said


@pytest.mark.parametrize(
    ("operation", "refused", "code", "words"),
    [
        ("DescribeServices", "ExpiredTokenException", 55, "AWS does not accept the credentials (ecs:DescribeServices)"),
        ("DescribeServices", "AccessDeniedException", 55, "AWS does not allow ecs:DescribeServices"),
        ("RegisterTaskDefinition", "AccessDeniedException", 55, "ecs:RegisterTaskDefinition and iam:PassRole"),
        ("RegisterTaskDefinition", "ClientException", 52, "AWS refuses the task definition"),
        ("UpdateService", "InvalidParameterException", 52, "AWS refuses ecs:UpdateService"),
    ],
)
def test_what_aws_refuses_is_said_with_its_code(
    fleet: Fleet, operation: str, refused: str, code: int, words: str
) -> None:
    old = fleet.ecs.runs("orbits-api")
    fleet.push()
    quoting = f"the request of AKIAIOSFODNN7EXAMPLE with {VARIABLES['AWS_SESSION_TOKEN']} and {SECRET}"
    fleet.ecs.refusals[operation] = [RefusedError(refused, quoting)]

    found, _, said = fleet.release()

    assert found == code, said
    assert words in said
    assert "the request of *** with *** and ***" in said
    assert (SECRET in said, fleet.ecs.runs("orbits-api")) == (False, old)


def test_another_account_and_a_missing_cluster_are_refused_before_anything_else(fleet: Fleet) -> None:
    fleet.push()
    fleet.declare(account="999999999999")
    code, _, said = fleet.release()
    assert (code, fleet.ecs.asked) == (55, ["GetCallerIdentity"]), said
    assert "the credentials are those of account 123456789012, and release.aws.account is 999999999999" in said

    fleet.declare(cluster="orbit")
    code, _, said = fleet.release()
    assert code == 2, said
    assert 'there is no cluster "orbit" in eu-central-1; did you mean "orbits"?' in said

    fleet.declare(more='container = "web"')
    code, _, said = fleet.release()
    assert code == 50, said
    assert "task definition orbits-api:1: no container web; it has: api" in said


def test_a_field_that_botocore_does_not_know_is_no_reason_to_lose_it(fleet: Fleet) -> None:
    fleet.push()
    fleet.ecs.added = {"quantumPlacement": {"enabled": True}}

    code, _, said = fleet.release()

    assert (code, fleet.ecs.written) == (50, []), said
    assert "unknown field quantumPlacement" in said


def test_the_first_release_takes_the_place_of_whatever_ran_and_goes_back_to_it(fleet: Fleet) -> None:
    """As infrastructure is made: with an image of another registry, by a tag."""
    sample = "public.example/samples/hello:1"
    fleet.ecs.serve("orbits-api", fleet.ecs.define(definition(sample)))
    new = fleet.push()
    fleet.ecs.outcomes = ["failed"]

    code, done, said = fleet.release()
    assert (code, done["deploy api"], fleet.ecs.runs("orbits-api")) == (52, "restored", sample), said

    code, done, said = fleet.release()
    assert (code, done["deploy api"], fleet.ecs.runs("orbits-api")) == (0, "made", new), said


def test_a_service_of_another_controller_is_refused(fleet: Fleet) -> None:
    fleet.push()
    about = fleet.ecs.services["orbits-api"].about
    about["deploymentController"] = {"type": "EXTERNAL"}
    del about["taskDefinition"]

    code, done, said = fleet.release()

    assert (code, done["deploy api"], fleet.ecs.written) == (50, "refused", []), said
    assert "its deployments are made by EXTERNAL" in said


def test_of_two_services_the_first_goes_back_where_the_second_fails(fleet: Fleet) -> None:
    fleet.declare(more='[tool.buildkit.release.service.indexer]\nimage = "api"\ntarget = "ecs"')
    old = fleet.ecs.runs("orbits-api")
    fleet.ecs.serve("indexer", fleet.ecs.define({**definition(old), "family": "indexer"}))
    fleet.push()
    fleet.ecs.outcomes = ["well", "breaker"]

    code, done, said = fleet.release()

    assert (code, done["deploy api"], done["deploy indexer"]) == (52, "restored", "restored"), said
    assert "indexer and api went back" in said
    assert (fleet.ecs.runs("orbits-api"), fleet.ecs.runs("indexer")) == (old, old)


def test_a_service_that_is_to_have_no_task_gets_the_definition(fleet: Fleet) -> None:
    fleet.ecs.serve("orbits-api", fleet.ecs.define(definition(fleet.push())), count=0)
    fleet.push()

    code, done, said = fleet.release()
    assert (code, done["deploy api"]) == (0, "made"), said
    assert fleet.ecs.services["orbits-api"].about["taskDefinition"].endswith(":3")
    assert {*fleet.release()[1].values()} == {"passed", "left"}


def test_no_other_command_loads_botocore_and_a_plan_of_the_checkout_needs_no_credentials(fleet: Fleet) -> None:
    fleet.push()
    fleet.ecs.calls.clear()
    code = (
        "import sys; from invoke.main import program; program.run(['invoke', 'release.plan', '--offline'], exit=False)"
    )
    (fleet.root / "tasks.py").write_text("from buildkit.tasks import ns\n")
    words = [sys.executable, "-c", f"{code}; print('botocore' in sys.modules)"]
    done = subprocess.run(words, cwd=fleet.root, capture_output=True, text=True, timeout=60, check=True)

    assert done.stdout.splitlines()[-1] == "False", done.stdout + done.stderr
    assert "due      deploy api: not looked at: offline" in done.stdout
    assert fleet.ecs.asked == []


def test_back_to_an_older_release_with_the_definition_that_it_had(fleet: Fleet) -> None:
    """The recorded one, with its memory and variables, and not the number before."""
    first = fleet.push()
    commit = fleet.tag
    assert fleet.release()[0] == 0
    bigger = dict(fleet.ecs.definitions[fleet.ecs.services["orbits-api"].about["taskDefinition"]])
    fleet.ecs.serve("orbits-api", fleet.ecs.define({**definition(first), "memory": "1024", "family": bigger["family"]}))
    fleet.push()
    assert fleet.release()[0] == 0
    fleet.ecs.calls.clear()

    code, done, said = fleet.back(commit)

    assert (code, done["deploy api"], fleet.ecs.runs("orbits-api")) == (0, "made", first), said
    assert fleet.ecs.services["orbits-api"].about["taskDefinition"].endswith("orbits-api:2")
    assert fleet.ecs.written == ["UpdateService"]
