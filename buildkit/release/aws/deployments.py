"""How the deployment of a task definition stands, from what ECS says of it; pure.

"Completed" is said of a way back too, and of somebody else's deployment. So one deployment is followed, by its ARN.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from enum import Enum
from typing import Any, NamedTuple

Row = Mapping[str, Any]


class Kind(Enum):
    """What has become of a deployment."""

    WAITING = "under way"
    WELL = "well"
    BACK = "ECS went back to what ran before"
    FAILED = "failed, and ECS does not go back"
    MIXED = "stopped half-way"
    SUPERSEDED = "another deployment took its place"


class State(NamedTuple):
    """How a deployment stands.

    Args:
        kind: what has become of it.
        words: ECS's own reason, or what took its place.
        identity: its ARN, or its id; empty while it is not seen.
    """

    kind: Kind
    words: str = ""
    identity: str = ""


_KINDS = {
    "SUCCESSFUL": Kind.WELL,
    "ROLLBACK_SUCCESSFUL": Kind.BACK,
    "ROLLBACK_FAILED": Kind.MIXED,
    "STOPPED": Kind.MIXED,
}
"""What the end of a deployment means; all other states are not ended yet."""


def stands(found: Sequence[Row], definitions: Mapping[str, str], wanted: str, ignored: Collection[str]) -> State:
    """Return how the newest deployment of a task definition stands.

    Args:
        found: the deployments of the service, as `list_service_deployments` has them.
        definitions: the ARN of the task definition of each service revision.
        wanted: the ARN of the task definition.
        ignored: the ARNs of deployments that were there before this one was asked for.
    """
    rows = sorted(found, key=_moment, reverse=True)
    new = [each for each in rows if str(each.get("serviceDeploymentArn")) not in ignored]
    ours = [each for each in new if _definition(each, definitions) == wanted]
    if not ours:
        over = [each for each in new if _definition(each, definitions)]
        if over:
            return State(Kind.SUPERSEDED, _definition(over[0], definitions))
        return State(Kind.WAITING, "ECS has not begun with it")
    one = ours[0]
    kind = _KINDS.get(str(one.get("status")), Kind.WAITING)
    words, identity = str(one.get("statusReason") or ""), str(one.get("serviceDeploymentArn"))
    later = [each for each in new[: new.index(one)] if _definition(each, definitions)]
    if later and kind is not Kind.WELL:
        return State(Kind.SUPERSEDED, _definition(later[0], definitions), identity)
    return State(kind, words, identity)


def stands_by_service(service: Row, wanted: str, before: str, identity: str, *, seen: bool) -> State:
    """Return how a deployment stands where ECS's list of deployments may not be read, or lacks it.

    Args:
        service: the service, as `describe_services` has it.
        wanted: the ARN of the task definition.
        before: the ARN of the task definition that ran before.
        identity: the id of the deployment; empty where it is not known.
        seen: whether the deployment was there at an earlier look; what has never been there is not gone.
    """
    rows = list(service.get("deployments") or ())
    primary: Row = next((each for each in rows if each.get("status") == "PRIMARY"), {})
    if primary.get("taskDefinition") == wanted:
        return _of_primary(primary, alone=len(rows) == 1)
    ours = next((each for each in rows if identity and each.get("id") == identity), None)
    if ours is None and not seen:
        return State(Kind.WAITING, "ECS has not begun with it")
    other = str(primary.get("taskDefinition") or "nothing")
    if other != before:
        return State(Kind.SUPERSEDED, other, identity)
    words = str((ours or {}).get("rolloutStateReason") or primary.get("rolloutStateReason") or "")
    under_way = primary.get("rolloutState") == "IN_PROGRESS"
    return State(Kind.WAITING if under_way else Kind.BACK, words, identity)


def _of_primary(ours: Row, *, alone: bool) -> State:
    state, words = ours.get("rolloutState"), str(ours.get("rolloutStateReason") or "")
    known = str(ours.get("id") or "")
    if state == "FAILED":
        return State(Kind.FAILED, words, known)
    settled = state == "COMPLETED" if state else alone and _all_run(ours)
    return State(Kind.WELL if settled else Kind.WAITING, words, known)


def _all_run(deployment: Row) -> bool:
    return bool(deployment.get("runningCount") == deployment.get("desiredCount"))


def _definition(row: Row, definitions: Mapping[str, str]) -> str:
    return definitions.get(str(row.get("targetServiceRevisionArn") or ""), "")


def _moment(row: Row) -> float:
    value = row.get("createdAt")
    return float(value.timestamp()) if value is not None else 0.0
