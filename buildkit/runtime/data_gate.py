"""The data gate: lets the service start once its data is complete and as fresh as the policy asks.

It logs which data the service starts on, and why.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from buildkit.data.stages import digests
from buildkit.data.stages.pipeline import Pipeline
from buildkit.data.status import scrub
from buildkit.data.status.decision import WHOLE, Access, Condition, Decision, StartAction, decide_start
from buildkit.data.status.look import Look, access, in_words, look_now, newer
from buildkit.data.volume import current_link, disk, generations, lease, switching
from buildkit.data.volume.manifest import Manifest
from buildkit.doors import clock
from buildkit.errors import BuildkitError, DataError
from buildkit.model import Outcome
from buildkit.runtime.state import DEGRADED, READY, RENEWING, State

Say = Callable[[str], None]

_WORDS = {
    StartAction.START: "starting",
    StartAction.RENEW_THEN_START: "making it before the start",
    StartAction.START_AND_RENEW: "starting, and renewing it beside the service",
    StartAction.WAIT: "waiting",
    StartAction.FAIL: "not starting",
}


@dataclass(frozen=True, slots=True)
class Passed:
    """The result of the data gate: the service may start.

    Args:
        state: the container's state for the health check.
        beside: arguments of `python -m buildkit.runtime` for a process to run beside the service; empty for none.
        purpose: what that process does, for messages.
    """

    state: State
    beside: tuple[str, ...] = ()
    purpose: str = ""


def pass_data(pipeline: Pipeline, environment: Mapping[str, str], say: Say) -> Passed:
    """Make or choose data as the policy says, and return once the service may start.

    Raises:
        DataError: the data does not allow a start, or the folder cannot be read.
        StageError: it had to be made, and a stage failed.
    """
    try:
        return _pass(pipeline, environment, say)
    except OSError as error:
        raise disk.as_error(error, pipeline.folder) from error


def _pass(pipeline: Pipeline, environment: Mapping[str, str], say: Say) -> Passed:
    fetched = False
    while True:
        cache = digests.beside(pipeline.folder)
        seen = look_now(pipeline, environment, cache)
        if not _readable(pipeline, seen, cache, say):
            continue
        allowed = Access.FREE if seen.condition is Condition.FRESH else access(pipeline.folder)
        decision = decide_start(seen.condition, allowed, pipeline.policy)
        say(f"data: {_words(seen, decision)}")
        if decision.action is StartAction.FAIL:
            raise _refusal(seen, decision, allowed, pipeline)
        if decision.action is StartAction.WAIT:
            with lease.held(pipeline.folder, wait=None):
                continue  # the process that made it has ended; look again
        if decision.action is not StartAction.RENEW_THEN_START:
            cache.save()
            return _passed(pipeline, seen, decision, allowed, say)
        if seen.condition in {Condition.MISSING, Condition.PARTIAL} and not fetched:
            fetched = True
            if _fetch(pipeline, environment, say):
                continue
        try:
            refresh_and_log(pipeline, environment, say)
        except BuildkitError as error:
            return _unrenewed(pipeline, environment, seen, error, say, fetched=fetched)
        return Passed(State(READY))


def _unrenewed(
    pipeline: Pipeline, environment: Mapping[str, str], seen: Look, error: BuildkitError, say: Say, *, fetched: bool
) -> Passed:
    """Return the result to start with although the data could not be made.

    Raises:
        BuildkitError: there is nothing to start with.
    """
    say(f"data: it could not be made: {error.message}")
    if _fall_back(pipeline, seen, say) or (not fetched and _fetch(pipeline, environment, say)):
        return Passed(State(DEGRADED, error.message))
    if seen.condition in WHOLE or pipeline.on_failure != "start":
        raise error
    say("data: starting without any (on-failure)")
    return Passed(State(DEGRADED, f"no data: {error.message}"))


def _readable(pipeline: Pipeline, seen: Look, cache: digests.Digests, say: Say) -> bool:
    """Return whether the service can read the data under `current`; if not, repair the link.

    Raises:
        DataError: it cannot, and the folder is read-only.
    """
    wrong = current_link.problem(pipeline.folder)
    if not wrong:
        return True
    if access(pipeline.folder) is not Access.READ_ONLY:
        current_link.repair_under_lease(pipeline.folder, say)
        return False
    if seen.generation is not None and current_link.is_copy_of(pipeline.folder, seen.generation, cache):
        return True
    raise DataError(
        f"data: {pipeline.folder / 'current'} is {wrong}, and the folder is read-only",
        hint="start once with the volume writable: that puts it in order",
    )


def _passed(pipeline: Pipeline, seen: Look, decision: Decision, allowed: Access, say: Say) -> Passed:
    if decision.action is StartAction.START_AND_RENEW:
        return Passed(State(RENEWING, seen.condition.value), ("--renew",), "the renewal of the data")
    if seen.condition is Condition.FRESH and seen.manifest is not None:
        return _read_beside(pipeline, seen.manifest, say)
    word = RENEWING if allowed is Access.BUSY else DEGRADED
    return Passed(State(word, f"{seen.condition.value}, {decision.reason.detail}"))


def _read_beside(pipeline: Pipeline, manifest: Manifest, say: Say) -> Passed:
    """Let the service start on fresh data; if that is due to be read completely, have it read beside the service."""
    now = clock.now()
    since = scrub.last_read(pipeline.folder, manifest)
    if not scrub.is_due(pipeline, since, now):
        return Passed(State(READY))
    say(f"data: not read to its end for {in_words(abs(now - since))}: reading it beside the service")
    return Passed(State(READY), ("--verify", "--deep", "--renew"), "the reading of the data")


def _fetch(pipeline: Pipeline, environment: Mapping[str, str], say: Say) -> bool:
    """Pull the published generation, if there is one; return whether that succeeded."""
    if not pipeline.artifact:
        return False
    from buildkit.data.artifact import layers  # noqa: PLC0415 - a start on fresh data does not pay for it
    from buildkit.data.artifact.pull import pull as pull_artifact  # noqa: PLC0415 - a start on fresh data does not pay for it

    try:
        where = layers.published(pipeline)
        pull_artifact(
            pipeline.folder, where, environment, say, lambda row: say(f"data: stage {row.subject}: {row.result}")
        )
    except BuildkitError as error:
        say(f"data: nothing could be pulled: {error.message}")
        return False
    return True


def _fall_back(pipeline: Pipeline, seen: Look, say: Say) -> bool:
    """Go back to the newest complete older generation if the policy is `serve-stale`; return whether there is one."""
    if seen.condition in WHOLE or pipeline.policy != "serve-stale":
        return False
    with lease.held(pipeline.folder, wait=None) as holder:
        current_link.repair(pipeline.folder, holder, say)
        holder.claim()
        for place in generations.older(pipeline.folder, seen.generation):
            if generations.is_whole(place):
                switching.switch_back(pipeline.folder, place)
                say(f"data: going back to generation {place.name}")
                return True
    return False


def refresh_and_log(pipeline: Pipeline, environment: Mapping[str, str], say: Say) -> None:
    """Bring the data up to date.

    Raises:
        DataError: the data cannot be made.
        StageError: a stage failed.
    """
    from buildkit.data.refresh.refresh import refresh  # noqa: PLC0415 - a start on fresh data does not pay for it

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
        hint = disk.ownership_hint(pipeline.folder)
    else:
        hint = (
            "make it in another container: python -m buildkit.runtime --renew\n"
            "or start on whatever is whole: PYBUILDKIT_DATA_POLICY=serve-stale"
        )
    return DataError(f"data in {pipeline.folder}: {seen.condition.value}{detail}: {decision.reason.detail}", hint=hint)
