"""Looks at the data without changing it: which stages are due and why, and the condition of all."""

from __future__ import annotations

import errno
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from buildkit.core import plan
from buildkit.core.fingerprint import digest_value
from buildkit.data.stages.digests import Digests
from buildkit.data.stages.inputs import InputError, fingerprint_of
from buildkit.data.stages.items import items_of
from buildkit.data.stages.pipeline import Pipeline, Stage
from buildkit.data.status.decision import Access, Condition
from buildkit.data.status.pieces import Aged, Division, PieceComparison, compare, divide
from buildkit.data.status.pieces import step_of as pieces_step
from buildkit.data.volume import disk, generations, lease
from buildkit.data.volume.manifest import Manifest, NewerSchema, StageRecord
from buildkit.doors import clock
from buildkit.errors import DataError
from buildkit.model import ABSENT, Action, Digest, Fingerprint, Reason, Step
from buildkit.trees import comparing

SKEW = 60.0
"""Seconds by which the clocks of two hosts may differ before data counts as made in the future."""

JITTER = 0.05
"""The share of a time to live by which it may end earlier."""


@dataclass(frozen=True, slots=True)
class Look:
    """The state of the data at one moment.

    Args:
        condition: the condition of all the data.
        detail: the first thing that is wrong, as a message; empty if nothing is.
        generation: the folder of the current generation.
        manifest: its manifest.
        steps: the step for each stage, in their order; empty if the inputs cannot be read.
        age: seconds since the oldest of the stages without upstream stages ran; None if there is no data.
        fault: the error for inputs that cannot be read; None if they can.
        pieces: the comparison of each stage in pieces with its record, by stage, where its items are known.
    """

    condition: Condition
    detail: str
    generation: Path | None
    manifest: Manifest | None
    steps: tuple[Step, ...]
    age: float | None = None
    fault: InputError | None = None
    pieces: Mapping[str, PieceComparison] = field(default_factory=dict)


def look(pipeline: Pipeline, environment: Mapping[str, str], cache: Digests, now: float) -> Look:
    """Return the state of the data.

    Args:
        pipeline: the declared pipeline.
        environment: the variables that `env:` inputs name.
        cache: the digest cache.
        now: seconds since 1970.
    """
    generation = generations.current(pipeline.folder)
    if generation is None:
        condition = Condition.PARTIAL if generations.all_of(pipeline.folder) else Condition.MISSING
        return _nothing(pipeline, environment, cache, condition)
    try:
        manifest = generations.load(generation)
    except NewerSchema:
        return Look(Condition.NEWER, f"generation {generation.name}", generation, None, ())
    if manifest is None:
        return _nothing(pipeline, environment, cache, Condition.DAMAGED, generation)
    found = {
        name: comparing.on_disk(record.files, generation, cache)
        for name, record in manifest.stages.items()
        if any(stage.name == name for stage in pipeline.stages)
    }
    age = age_of(pipeline, manifest, now)
    damage = _first_damage(manifest, found)  # first of all: a stage that is due anyway may have lost files too
    pieces: dict[str, PieceComparison] = {}
    try:
        steps = _steps(pipeline, environment, manifest, found, cache, now, pieces)
    except InputError as fault:
        if damage:
            return Look(Condition.DAMAGED, damage, generation, manifest, (), age, fault)
        return Look(Condition.UNKNOWN, fault.message, generation, manifest, (), age, fault)
    condition, detail = (Condition.DAMAGED, damage) if damage else _condition_of(steps)
    return Look(condition, detail, generation, manifest, steps, age, pieces=pieces)


def look_now(pipeline: Pipeline, environment: Mapping[str, str], cache: Digests) -> Look:
    """Return the state of the data by this host's clock, or by the volume's clock if this host's is behind the data.

    Hosts that share a volume may differ by minutes. What one has made is no reason for another to make it again.
    """
    seen = look(pipeline, environment, cache, clock.now())
    if seen.condition is Condition.FUTURE:
        return look(pipeline, environment, cache, disk.now(pipeline.folder))
    return seen


def access(folder: Path) -> Access:
    """Return whether this process may write to the data's folder now."""
    try:
        return Access.BUSY if lease.is_busy(folder) else Access.FREE
    except OSError as error:
        if error.errno in {errno.EROFS, errno.EACCES, errno.EPERM}:
            return Access.READ_ONLY
        raise


def survey(
    stage: Stage,
    pipeline: Pipeline,
    environment: Mapping[str, str],
    made: Mapping[str, Mapping[str, Digest]],
    cache: Digests,
) -> tuple[Fingerprint, Division | None]:
    """Return the fingerprint of the stage's present inputs and, for a stage in pieces, its division into pieces.

    Args:
        stage: the stage.
        pipeline: the pipeline that the stage belongs to.
        environment: the variables that `env:` inputs name.
        made: the outputs of the stages before it, by stage and path.
        cache: the digest cache.

    Raises:
        InputError: an input is not there, or nothing matches a glob.
    """
    common = fingerprint_of(stage, pipeline, environment, made, cache)
    if not stage.each:
        return common, None
    found = divide(common, items_of(stage, pipeline, made, cache))
    return found.fingerprint, found


def step_of(
    stage: Stage, wanted: Fingerprint, record: StageRecord | None, found: Mapping[str, Digest], ttl: float, now: float
) -> Step:
    """Return the step for one stage.

    Age and change are two facts: what a clock says never hides a changed input.

    Args:
        stage: the stage.
        wanted: the fingerprint of its present inputs.
        record: the record of its last run; None if there is none.
        found: the digest of each of its files as it lies on the disk.
        ttl: seconds; 0 for never. It ends up to a twentieth earlier, for each record at another time: what was made
            at once in many places is not renewed at once everywhere.
        now: seconds since 1970.
    """
    step = plan.decide(stage.name, wanted, record.record if record else None, found)
    if record is None or step.action is not Action.LEAVE:
        return step
    reason = aged(record, ttl, now)(record.made)
    return Step(stage.name, Action.MAKE, reason) if reason else step


def aged(record: StageRecord | None, ttl: float, now: float) -> Aged:
    """Return a function of the time at which something was made that returns why it is too old, or None.

    See `step_of` for the arguments.
    """
    if record is None or not ttl:
        return lambda _: None
    limit = _with_jitter(ttl, record)

    def why(made: float) -> Reason | None:
        age = now - made
        if age < -SKEW:
            return Reason("made in the future", f"by {in_words(-age)}")
        return Reason("expired", f"made {in_words(age)} ago") if age > limit else None

    return why


def newer(detail: str) -> DataError:
    """Return the error for data that a newer version wrote."""
    return DataError(
        f"data: {detail} was written by a newer version",
        hint="run the version that wrote it, or clear the data to make it anew",
    )


def age_of(pipeline: Pipeline, manifest: Manifest, now: float) -> float | None:
    """Return the age in seconds of the oldest stage that names no other stage."""
    made = [
        manifest.stages[stage.name].made
        for stage in pipeline.stages
        if not stage.upstream and stage.name in manifest.stages
    ]
    return now - min(made) if made else None


def due_in(pipeline: Pipeline, manifest: Manifest, now: float) -> float | None:
    """Return the seconds until the first stage is due by its age; None for never."""
    spans = [
        _with_jitter(pipeline.ttl_of(stage), record) - (now - record.made)
        for stage in pipeline.stages
        if (record := manifest.stages.get(stage.name)) and pipeline.ttl_of(stage)
    ]
    return max(min(spans), 0.0) if spans else None


def in_words(seconds: float) -> str:
    """Return a span of time as one number: `40 s`, `3 min`, `5 h`, `7 d`."""
    for size, unit in ((86400.0, "d"), (3600.0, "h"), (60.0, "min")):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds:.0f} s"


def _with_jitter(ttl: float, record: StageRecord) -> float:
    chance = int(digest_value([record.key, record.made])[:8], 16) / 16**8
    return ttl * (1.0 - JITTER * chance)


def _nothing(
    pipeline: Pipeline,
    environment: Mapping[str, str],
    cache: Digests,
    condition: Condition,
    generation: Path | None = None,
) -> Look:
    """Return the state for missing data.

    Inputs are read all the same, so that a missing one is reported before hours of work.
    """
    steps = tuple(Step(stage.name, Action.MAKE, plan.NEVER_MADE) for stage in pipeline.stages)
    fault = None
    pieces = {}
    try:
        for stage in pipeline.stages:
            _, now_cut = survey(stage, pipeline, environment, {}, cache)
            if now_cut is not None and now_cut.items:
                pieces[stage.name] = compare(now_cut, None, {}, lambda _: None)
    except InputError as found:
        fault = found
    return Look(condition, "no manifest" if generation else "", generation, None, steps, fault=fault, pieces=pieces)


def _steps(
    pipeline: Pipeline,
    environment: Mapping[str, str],
    manifest: Manifest,
    found: Mapping[str, Mapping[str, Digest]],
    cache: Digests,
    now: float,
    pieces: dict[str, PieceComparison],
) -> tuple[Step, ...]:
    """Return the step for each stage; put the comparison of each stage in pieces into `pieces`."""
    made = {name: record.outputs for name, record in manifest.stages.items()}
    steps: dict[str, Step] = {}
    for stage in pipeline.stages:
        known = made
        if stage.cut_from and steps[stage.cut_from].action is Action.MAKE:  # what there will be is not known yet
            known = {name: outputs_ for name, outputs_ in made.items() if name != stage.cut_from}
        current, now_cut = survey(stage, pipeline, environment, known, cache)
        record = manifest.stages.get(stage.name)
        there, ttl = found.get(stage.name, {}), pipeline.ttl_of(stage)
        if now_cut is None:
            step = step_of(stage, current, record, there, ttl, now)
        elif stage.cut_from and stage.cut_from not in known:
            step = Step(stage.name, Action.LEAVE, plan.UNCHANGED)
        else:
            pieces[stage.name] = compare(now_cut, record, there, aged(record, ttl, now))
            step = pieces_step(stage.name, pieces[stage.name])
        before = next((name for name in stage.upstream if steps[name].action is Action.MAKE), None)
        if step.action is Action.LEAVE and before is not None:
            step = Step(stage.name, Action.MAKE, Reason("depends on stage", before))
        steps[stage.name] = step
    return tuple(steps.values())


def _condition_of(steps: tuple[Step, ...]) -> tuple[Condition, str]:
    """Return the condition of complete data by its steps: changed before expired."""
    due = [step for step in steps if step.action is Action.MAKE and step.reason.kind != "depends on stage"]
    for kind, condition in (("made in the future", Condition.FUTURE), ("expired", Condition.EXPIRED)):
        if due and all(step.reason.kind == kind for step in due):
            return condition, f"stage {due[0].subject}, {due[0].reason}"
    changed = [step for step in due if step.reason.kind not in {"made in the future", "expired"}]
    if changed:
        return Condition.CHANGED, f"stage {changed[0].subject}, {changed[0].reason}"
    return (Condition.EXPIRED, f"stage {due[0].subject}, {due[0].reason}") if due else (Condition.FRESH, "")


def _first_damage(manifest: Manifest, found: Mapping[str, Mapping[str, Digest]]) -> str:
    for name, there in found.items():
        for path, digest in manifest.stages[name].outputs.items():
            if there[path] != digest:
                return f"stage {name}, output {'missing' if there[path] == ABSENT else 'damaged'}: {path}"
    return ""
