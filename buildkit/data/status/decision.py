"""Decides what a container's start does with the data: one pure function of condition, access and policy.

Age and change are two facts and stay apart; data made in the future (a clock set back) is due, never fresh. No action
here deletes anything: what is served stays until a newer generation is complete.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from buildkit.model import Reason


class Condition(Enum):
    """The state of the data."""

    FRESH = "fresh"
    EXPIRED = "older than its time to live"
    CHANGED = "inputs changed"
    FUTURE = "made in the future"
    UNKNOWN = "inputs cannot be read"
    MISSING = "missing"
    PARTIAL = "never finished"
    DAMAGED = "damaged"
    NEWER = "written by a newer version"


class Access(Enum):
    """Whether this process may write to the data's folder."""

    FREE = "free"
    BUSY = "busy"
    READ_ONLY = "read-only"


class StartAction(Enum):
    """The action of a start."""

    START = "start"
    RENEW_THEN_START = "renew-then-start"
    START_AND_RENEW = "start-and-renew"
    WAIT = "wait"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do, and why."""

    action: StartAction
    reason: Reason


WHOLE = frozenset({Condition.FRESH, Condition.EXPIRED, Condition.CHANGED, Condition.FUTURE, Condition.UNKNOWN})
"""The conditions in which every file is there, so that the service can run."""

_SERVE_STALE = {
    Access.FREE: (StartAction.START_AND_RENEW, "policy serve-stale"),
    Access.BUSY: (StartAction.START, "policy serve-stale, and somebody else renews it"),
    Access.READ_ONLY: (StartAction.START, "policy serve-stale, and the folder is read-only"),
}
_RENEW_FIRST = {
    Access.FREE: (StartAction.RENEW_THEN_START, ""),
    Access.BUSY: (StartAction.WAIT, "somebody else makes it"),
    Access.READ_ONLY: (StartAction.FAIL, "the folder is read-only"),
}


def decide_start(condition: Condition, access: Access, policy: str) -> Decision:
    """Return the action of a start, with the reason.

    Args:
        condition: the condition of the data.
        access: whether this process may write to the data's folder.
        policy: `block` never serves data that is due, `serve-stale` serves any complete data, `fail` leaves all
            refreshes to another process.
    """
    action, why = _choose(condition, access, policy)
    return Decision(action, Reason(condition.value, why))


def _choose(condition: Condition, access: Access, policy: str) -> tuple[StartAction, str]:
    if condition is Condition.FRESH:
        return StartAction.START, ""
    if condition is Condition.NEWER:
        return StartAction.FAIL, "this version cannot read it and will not replace it"
    if policy == "fail":
        return StartAction.FAIL, "policy fail starts on fresh data alone"
    serve = policy == "serve-stale" and condition in WHOLE
    if condition is Condition.UNKNOWN:
        return (
            (StartAction.START, "policy serve-stale")
            if serve
            else (StartAction.FAIL, "nobody can tell whether it is up to date")
        )
    return (_SERVE_STALE if serve else _RENEW_FIRST)[access]
