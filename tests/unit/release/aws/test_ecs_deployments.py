"""How a deployment on ECS stands: each row of the truth table, and what must not be taken for success."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest

from buildkit.release.aws.deployments import Kind, stands, stands_by_service

OURS, OLD, OTHER = (f"arn:aws:ecs:x:1:task-definition/api:{number}" for number in (2, 1, 9))
LEADS = {"to ours": OURS, "to old": OLD, "to other": OTHER}


def row(number: int, to: str, status: str, reason: str = "") -> dict[str, Any]:
    return {
        "serviceDeploymentArn": f"arn:{number}",
        "targetServiceRevisionArn": f"to {to}",
        "status": status,
        "statusReason": reason,
        "createdAt": datetime.fromtimestamp(number, timezone.utc),
    }


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        ("PENDING", Kind.WAITING),
        ("IN_PROGRESS", Kind.WAITING),
        ("STOP_REQUESTED", Kind.WAITING),
        ("ROLLBACK_REQUESTED", Kind.WAITING),
        ("ROLLBACK_IN_PROGRESS", Kind.WAITING),
        ("A_STATUS_OF_TOMORROW", Kind.WAITING),
        ("SUCCESSFUL", Kind.WELL),
        ("ROLLBACK_SUCCESSFUL", Kind.BACK),
        ("ROLLBACK_FAILED", Kind.MIXED),
        ("STOPPED", Kind.MIXED),
    ],
)
def test_each_status_of_our_own_deployment_means_one_thing(status: str, kind: Kind) -> None:
    found = [row(2, "ours", status, "why"), row(1, "old", "SUCCESSFUL")]

    assert stands(found, LEADS, OURS, {"arn:1"}) == (kind, "why", "arn:2")


@pytest.mark.parametrize(
    ("found", "kind", "words"),
    [
        ([row(1, "old", "SUCCESSFUL")], Kind.WAITING, "ECS has not begun with it"),
        ([], Kind.WAITING, "ECS has not begun with it"),
        ([row(3, "other", "IN_PROGRESS"), row(2, "ours", "STOPPED")], Kind.SUPERSEDED, OTHER),
        ([row(3, "other", "PENDING"), row(2, "ours", "IN_PROGRESS")], Kind.SUPERSEDED, OTHER),
        ([row(3, "other", "PENDING"), row(2, "ours", "SUCCESSFUL")], Kind.WELL, ""),
        ([row(3, "other", "SUCCESSFUL")], Kind.SUPERSEDED, OTHER),
        ([row(3, "ours", "SUCCESSFUL"), row(2, "ours", "STOPPED")], Kind.WELL, ""),
        ([row(2, "ours", "STOPPED"), row(3, "ours", "IN_PROGRESS")], Kind.WAITING, ""),
    ],
)
def test_deployments_of_others_are_told_apart(found: list[dict[str, Any]], kind: Kind, words: str) -> None:
    state = stands(found, LEADS, OURS, {"arn:1"})

    assert (state.kind, state.words) == (kind, words)


def test_one_that_failed_before_ours_was_asked_for_does_not_count() -> None:
    found = [row(2, "ours", "ROLLBACK_SUCCESSFUL"), row(1, "old", "SUCCESSFUL")]

    assert stands(found, LEADS, OURS, {"arn:1", "arn:2"}).kind is Kind.WAITING
    assert stands(found, LEADS, OURS, set()).kind is Kind.BACK


# ------------------------------------------------------------------ by the service alone


def of(identity: str, arn: str, state: str = "COMPLETED", status: str = "PRIMARY", **more: Any) -> dict[str, Any]:
    return {"id": identity, "taskDefinition": arn, "rolloutState": state, "status": status, **more}


@pytest.mark.parametrize(
    ("rows", "seen", "kind"),
    [
        ([of("new", OURS)], True, Kind.WELL),
        ([of("new", OURS, "IN_PROGRESS"), of("old", OLD, status="ACTIVE")], True, Kind.WAITING),
        ([of("new", OURS, "FAILED")], True, Kind.FAILED),
        ([of("newer", OURS)], True, Kind.WELL),
        ([of("old", OLD)], True, Kind.BACK),
        ([of("old", OLD)], False, Kind.WAITING),
        ([of("back", OLD, "IN_PROGRESS"), of("new", OURS, "FAILED", "ACTIVE")], True, Kind.WAITING),
        ([of("back", OLD), of("new", OURS, "FAILED", "ACTIVE")], False, Kind.BACK),
        ([of("else", OTHER, "IN_PROGRESS")], True, Kind.SUPERSEDED),
        ([of("else", OTHER, "IN_PROGRESS"), of("new", OURS, "IN_PROGRESS", "ACTIVE")], False, Kind.SUPERSEDED),
        ([], True, Kind.SUPERSEDED),
        ([of("new", OURS, "", runningCount=2, desiredCount=2)], True, Kind.WELL),
        ([of("new", OURS, "", runningCount=1, desiredCount=2)], True, Kind.WAITING),
        ([of("new", OURS, "", runningCount=2, desiredCount=2), of("old", OLD, "", "ACTIVE")], True, Kind.WAITING),
    ],
)
def test_without_the_list_the_id_decides(rows: list[dict[str, Any]], seen: bool, kind: Kind) -> None:
    assert stands_by_service({"deployments": rows}, OURS, OLD, "new", seen=seen).kind is kind
