"""Another task definition in the place of the one that runs; every call can be done again after a kill."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from buildkit.doors import clock
from buildkit.doors.clock import Stopwatch
from buildkit.errors import ReleaseRefusedError, SupersededError, UndecidedError
from buildkit.release.aws import deployments, tasks
from buildkit.release.aws.amazon import Busy, Denied, Refusal
from buildkit.release.aws.cluster import Cluster
from buildkit.release.aws.deployments import Kind, State
from buildkit.release.aws.tasks import Ending
from buildkit.release.sight import FAILING, HEALTHY
from buildkit.release.target import Failed, Say

_EQUAL = 3
"""Tasks that end for one reason before any is well, after which the others would too."""

_SETTLED = 60.0
"""Seconds that a task without a health check has to run to count as well."""


class Rollout:
    """The rollout of one service.

    Args:
        cluster: asks ECS.
        service: the service's name there.
        before: the ARN of the task definition that ran at the look.
        seconds: how long it may take until the service is well.
        say: called with each line of progress.
    """

    def __init__(self, cluster: Cluster, service: str, before: str, seconds: float, say: Say) -> None:
        self._cluster = cluster
        self._service = service
        self._before = before
        self._seconds = seconds
        self._say = say
        self._listed = True
        self._said: set[str] = set()
        self._endings: dict[str, Ending] = {}
        self._ids: set[str] = set()
        self._stopped = ""

    def run(self, wanted: str) -> None:
        """Let the service run a task definition, and return once that is well.

        Args:
            wanted: its ARN.

        Raises:
            Failed: it is not well; ECS went back to what ran before if `restored`.
            SupersededError: somebody else's deployment took its place.
            ReleaseRefusedError: somebody else changed the service since the look.
            UndecidedError: the time ran out.
        """
        now = self._cluster.services([self._service]).get(self._service) or {}
        runs = str(now.get("taskDefinition"))
        if runs not in {wanted, self._before}:
            raise ReleaseRefusedError(
                f"{self._service} was changed meanwhile: it runs {_short(runs)} now",
                hint="look at what is planned now: invoke release.plan",
            )
        known, identity = frozenset[str](), ""
        if runs != wanted:
            known = frozenset(str(each.get("serviceDeploymentArn")) for each in self._deployments())
            self._say(f"{self._service}: {_short(runs)} → {_short(wanted)}")
            updated = self._update(wanted)
            rows = updated.get("deployments") or ()
            identity = next((str(each["id"]) for each in rows if each.get("status") == "PRIMARY"), "")
            self._ids.add(identity)
        self._watch(wanted, known, identity)

    def _update(self, wanted: str) -> Mapping[str, Any]:
        try:
            return self._cluster.update(self._service, wanted)
        except Refusal as refusal:
            if type(refusal) is not Refusal:
                raise
            words = f"{self._service}: AWS refuses {refusal.action}"
            raise Failed(words, [f"{refusal.code}: {refusal.words}"], untouched=True) from None

    def _deployments(self) -> list[dict[str, Any]]:
        """Return the newest deployments; none where they may not be read."""
        if self._listed:
            try:
                return self._cluster.deployments(self._service)
            except Refusal as refusal:
                if isinstance(refusal, Denied) or refusal.code in {"UnknownOperationException", "InvalidAction"}:
                    self._listed = False
                    self._say(f"{self._service}: {refusal.action} is not allowed; its deployments are told apart by id")
                else:
                    raise
        return []

    # ------------------------------------------------------------------ waiting

    def _watch(self, wanted: str, known: frozenset[str], identity: str) -> None:
        watch, seen, state, service = Stopwatch(), False, State(Kind.WAITING), dict[str, Any]()
        while True:
            try:
                service = self._cluster.services([self._service]).get(self._service) or {}
                state = self._state(service, wanted, known, identity, seen=seen)
                rows = service.get("deployments") or ()
                seen = seen or any(each.get("id") == identity for each in rows)
                self._ids |= {str(each.get("id")) for each in rows if each.get("taskDefinition") == wanted}
                if self._decided(state, service, wanted):
                    return
            except Busy as busy:
                self._once(f"{busy.action}: {busy.code}; it is asked again")
            if watch.seconds > self._seconds:
                words = f"{self._service}: {_counts(service, wanted)} after {self._seconds:g} s"
                raise UndecidedError(
                    f"{words}, which is neither well nor failed",
                    details=[*([state.words] if state.words else []), *tasks.lines([*self._endings.values()])],
                    hint="run the same command again: it waits on; release.wait is how long",
                )
            self._cluster.pause()

    def _state(
        self, service: Mapping[str, Any], wanted: str, known: frozenset[str], identity: str, *, seen: bool
    ) -> State:
        found = self._deployments()
        if found:
            state = deployments.stands(found, self._cluster.targets(found), wanted, known)
            if state.identity or identity:
                return state
        return deployments.stands_by_service(service, wanted, self._before, identity, seen=seen)

    def _decided(self, state: State, service: Mapping[str, Any], wanted: str) -> bool:
        """Return whether the service is well; raise what the end of a deployment means otherwise."""
        name, why = self._service, f": {state.words}" if state.words else ""
        if state.kind is Kind.WELL:
            return self._all_well(service, wanted)
        if state.kind is Kind.SUPERSEDED:
            raise SupersededError(
                f"{name}: another deployment took the place of this one: {_short(state.words)}",
                hint="somebody else released meanwhile, and nothing was undone; what runs: invoke release.status",
            )
        self._note_endings()
        lines = tasks.lines([*self._endings.values()])
        if state.kind is Kind.BACK:
            words = self._stopped or f"{name}: ECS took the deployment back{why}"
            raise Failed(words, lines, restored=True)
        if state.kind is Kind.FAILED:
            raise Failed(f"{name}: the deployment failed{why}", lines)
        if state.kind is Kind.MIXED:
            raise Failed(f"{name}: the deployment was stopped half-way{why}", lines)
        self._say_how_far(service, wanted)
        self._stop_what_cannot_be_well(state, wanted)
        return False

    def _all_well(self, service: Mapping[str, Any], wanted: str) -> bool:
        """Return whether every task runs what is wanted, and none is unwell."""
        found = self._cluster.tasks(self._service)
        least = 0 if service.get("schedulingStrategy") == "DAEMON" else int(service.get("desiredCount") or 0)
        return len(found) >= least and all(
            each.get("taskDefinitionArn") == wanted and tasks.condition_of(each) == HEALTHY for each in found
        )

    # ------------------------------------------------------------------ what fails

    def _note_endings(self) -> None:
        """Take note of tasks of this deployment that have ended: one before it may have had the same definition."""
        for task in self._cluster.tasks(self._service, stopped=True):
            found = tasks.ending(task) if task.get("startedBy") in self._ids else None
            if found is not None and found.task not in self._endings:
                self._endings[found.task] = found
                self._say(f"{self._service}: task {found.task}: {found.words}")

    def _stop_what_cannot_be_well(self, state: State, wanted: str) -> None:
        """End a deployment whose tasks end for one reason all the time; a breaker would try longer, or for ever.

        Raises:
            Failed: it cannot be ended so; the way back is to be another deployment.
        """
        found = tasks.repeated(self._endings.values(), _EQUAL)
        if found is None or self._stopped or self._any_well(wanted):
            return
        self._stopped = f"{self._service}: {_EQUAL} tasks ended for the same reason: {found.words}"
        self._say(f"{self._stopped}; the deployment is stopped")
        try:
            if not state.identity.startswith("arn:"):
                raise Failed(self._stopped, tasks.lines([*self._endings.values()]))
            self._cluster.stop(state.identity)
        except Refusal as refusal:
            if isinstance(refusal, Busy):
                self._stopped = ""
                raise
            lines = [*tasks.lines([*self._endings.values()]), f"{refusal.action}: {refusal.code}: {refusal.words}"]
            raise Failed(self._stopped, lines) from None

    def _any_well(self, wanted: str) -> bool:
        found = [each for each in self._cluster.tasks(self._service) if each.get("taskDefinitionArn") == wanted]
        return any(
            each.get("healthStatus") == "HEALTHY"
            or (tasks.condition_of(each) != FAILING and _runs_since(each) >= _SETTLED)
            for each in found
        )

    # ------------------------------------------------------------------ words

    def _say_how_far(self, service: Mapping[str, Any], wanted: str) -> None:
        self._once(_counts(service, wanted))

    def _once(self, words: str) -> None:
        if words not in self._said:
            self._said.add(words)
            self._say(f"{self._service}: {words}")


def _counts(service: Mapping[str, Any], wanted: str) -> str:
    rows = [each for each in service.get("deployments") or () if each.get("taskDefinition") == wanted]
    running, asked, failed = (
        sum(int(each.get(name) or 0) for each in rows) for name in ("runningCount", "desiredCount", "failedTasks")
    )
    return f"{running} of {asked} run{f', {failed} failed' if failed else ''}"


def _runs_since(task: Mapping[str, Any]) -> float:
    """Return for how many seconds a task has run, by the clocks of AWS and of this machine."""
    begun = task.get("startedAt")
    return clock.now() - float(begun.timestamp()) if begun is not None else 0.0


def _short(arn: str) -> str:
    return arn.rpartition("/")[2]
