"""Lets the service start on data that is whole, as its policy wants it; says which and why."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from buildkit.data import digests, lease, volume
from buildkit.data.decision import Access, Condition, Decision, Start, decide_start
from buildkit.data.look import Look, access, in_words, look, newer
from buildkit.data.pipeline import Pipeline
from buildkit.doors import clock
from buildkit.errors import DataError
from buildkit.model import Outcome

Say = Callable[[str], None]

_WORDS = {
    Start.START: "starting",
    Start.RENEW_THEN_START: "making it before the start",
    Start.START_AND_RENEW: "starting, and renewing it beside the service",
    Start.WAIT: "waiting",
    Start.FAIL: "not starting",
}


def pass_data(pipeline: Pipeline, environment: Mapping[str, str], say: Say) -> bool:
    """Return when the service may start; whether its data is to be renewed beside it.

    Raises:
        DataError: the data does not allow a start, or the folder cannot be read.
        StageError: it had to be made, and a stage failed.
    """
    try:
        return _pass(pipeline, environment, say)
    except OSError as error:
        raise volume.worded(error, pipeline.folder) from error


def _pass(pipeline: Pipeline, environment: Mapping[str, str], say: Say) -> bool:
    while True:
        cache = digests.beside(pipeline.folder)
        seen = look(pipeline, environment, cache, clock.now())
        allowed = Access.FREE if seen.condition is Condition.FRESH else access(pipeline.folder)
        decision = decide_start(seen.condition, allowed, pipeline.policy)
        say(f"data: {_words(seen, decision)}")
        if decision.action is Start.FAIL:
            raise _refusal(seen, decision, allowed, pipeline)
        if decision.action is Start.RENEW_THEN_START:
            renew(pipeline, environment, say)
            return False
        if decision.action is not Start.WAIT:
            cache.save()
            return decision.action is Start.START_AND_RENEW
        with lease.held(pipeline.folder, wait=None):
            pass  # whoever made it is done, or dead; look again


def renew(pipeline: Pipeline, environment: Mapping[str, str], say: Say) -> None:
    """Bring the data up to date.

    Raises:
        DataError: it cannot be.
        StageError: a stage failed.
    """
    from buildkit.data.refresh import refresh  # noqa: PLC0415 - a start on fresh data does not pay for it

    def tell(row: Outcome) -> None:
        time = f" in {in_words(row.seconds)}" if row.result == "made" else ""
        say(f"data: stage {row.subject}: {row.result}{time} ({row.reason})")

    result = refresh(pipeline, environment, say, tell)
    say(f"data: generation {result.manifest.generation} is current")


def _words(seen: Look, decision: Decision) -> str:
    facts = [seen.condition.value]
    if seen.detail:
        facts.append(seen.detail)
    if seen.manifest:
        facts.append(f"generation {seen.manifest.generation}")
    if seen.age is not None and seen.age >= 0:
        facts.append(f"made {in_words(seen.age)} ago")
    why = f" ({decision.reason.detail})" if decision.reason.detail else ""
    return f"{', '.join(facts)}: {_WORDS[decision.action]}{why}"


def _refusal(seen: Look, decision: Decision, allowed: Access, pipeline: Pipeline) -> DataError:
    if seen.condition is Condition.NEWER:
        return newer(seen.detail)
    detail = f" ({seen.detail})" if seen.detail else ""
    if allowed is Access.READ_ONLY:
        hint = volume.mend_ownership(pipeline.folder)
    else:
        hint = (
            "make it in another container: python -m buildkit.runtime --renew\n"
            "or start on whatever is whole: PYBUILDKIT_DATA_POLICY=serve-stale"
        )
    return DataError(f"data in {pipeline.folder}: {seen.condition.value}{detail}: {decision.reason.detail}", hint=hint)
