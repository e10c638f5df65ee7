"""Brings the data up to date: makes only what is due, in a new generation that becomes visible all at once."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from buildkit.core.advance import UNSEEN, Advance
from buildkit.data import names
from buildkit.data.refresh import checks, foreseen
from buildkit.data.refresh.bytecode import drop_unsure
from buildkit.data.refresh.piece_work import Order, PieceWork, choose
from buildkit.data.refresh.room import make_room
from buildkit.data.refresh.run_inputs import RunInputs, changed_message, mark_changed
from buildkit.data.refresh.whole import all_fresh, run_whole
from buildkit.data.stages import digests
from buildkit.data.stages.pipeline import Pipeline, Stage
from buildkit.data.status.decision import Condition
from buildkit.data.status.look import aged, look, newer, step_of, survey
from buildkit.data.status.pieces import Division
from buildkit.data.volume import (
    claims,
    current_link,
    deleting,
    disk,
    generations,
    lease,
    outputs,
    switching,
    unfinished,
)
from buildkit.data.volume.lease import Lease
from buildkit.data.volume.manifest import Manifest, StageRecord
from buildkit.doors.clock import Stopwatch
from buildkit.errors import StageError
from buildkit.model import Action, Fingerprint, Outcome, Reason, Step
from buildkit.trees import comparing
from buildkit.trees.entry import File

Say = Callable[[str], None]
Tell = Callable[[Outcome], None]

_FORCED = Reason("asked for")
_NONE: Mapping[str, int] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Result:
    """The result of a refresh: the manifest of the current generation and the outcome of each stage."""

    manifest: Manifest
    outcomes: tuple[Outcome, ...]


def refresh(
    pipeline: Pipeline,
    environment: Mapping[str, str],
    say: Say,
    tell: Tell = lambda _: None,
    *,
    force: bool = False,
    before: Callable[[], None] = lambda: None,
    advance: Advance = UNSEEN,
) -> Result:
    """Bring the data up to date and return the result; wait while another process works on the same folder.

    Args:
        pipeline: the declared pipeline.
        environment: the environment variables for the stages.
        say: called with each progress line, and with each line that a stage prints.
        tell: called with the outcome of each stage once it is known.
        force: make every stage, even if it is up to date.
        before: called before each run of a stage; takes away outdated extensions, so that the code of the sources runs.
        advance: told of the stages, each with the seconds that it took the last time.

    Raises:
        DataError: an input cannot be read, the folder cannot be written, or a newer version wrote the data.
        StageError: a stage failed. The current generation stays as it is; finished stages are kept for the next time.
    """
    try:
        while True:
            with contextlib.suppress(lease.AlreadyClaimed):
                return _Refresh(pipeline, environment, say, tell, force, before, advance).run()
    except OSError as error:
        raise disk.as_error(error, pipeline.folder) from error


@dataclass
class _Refresh:
    """One refresh, from the lease to the commit; its fields are the arguments of `refresh`."""

    pipeline: Pipeline
    environment: Mapping[str, str]
    say: Say
    tell: Tell
    force: bool
    before: Callable[[], None]
    advance: Advance

    def __post_init__(self) -> None:
        self._holder: Lease
        self._last: Path | None
        self._then: Mapping[str, StageRecord]
        self._cache = digests.beside(self.pipeline.folder)
        self._records: dict[str, StageRecord] = {}
        self._shared: dict[str, dict[str, File]] = {}
        self._outcomes: dict[str, Outcome] = {}

    def _now(self) -> float:
        return disk.now(self.pipeline.folder)

    def run(self) -> Result:
        """Take the lease, look, and make what is due.

        Raises:
            AlreadyClaimed: another process claimed the lease at the same moment; nothing was done.
        """
        folder = self.pipeline.folder

        def waiting() -> None:
            self.say(f"data: waiting for {claims.describe(folder)}, which is making it")

        with lease.held(folder, wait=None, on_wait=waiting) as self._holder:
            self._cache = digests.beside(folder)
            current_link.repair(folder, self._holder, self.say)
            switching.restore_metadata(folder)
            seen = look(self.pipeline, self.environment, self._cache, self._now())
            if seen.fault is not None:
                raise seen.fault
            if seen.condition is Condition.NEWER:
                raise newer(seen.detail)
            self._last = seen.generation
            self._then = seen.manifest.stages if seen.manifest else {}
            if seen.condition is Condition.FRESH and not self.force and seen.manifest is not None:
                result = Result(seen.manifest, all_fresh(seen, self.tell))
            else:
                result = self._attempt()
            self._cache.save()
            return result

    def _attempt(self, distrusted: Mapping[str, Collection[str]] = MappingProxyType({})) -> Result:
        """Make the generation; when a stage fails on damaged files of an earlier one, make that one again first."""
        self._records.clear()
        self._shared.clear()
        self._outcomes.clear()
        self._holder.claim()
        current_link.require_symlinks(self.pipeline.folder)
        if generations.current(self.pipeline.folder) != self._last:
            raise lease.AlreadyClaimed
        leftovers = list(unfinished.recorded_stages(self.pipeline.folder, self._last))
        checks.drop_unfinished(self.pipeline, self._holder.number, leftovers)
        partial = switching.new(self.pipeline.folder, self._holder.number, self._now())
        self.advance.expects(foreseen.of_stages(self.pipeline.stages, self._then), pace=1.0)
        try:
            for stage in self.pipeline.stages:
                self._bring(stage, partial, leftovers, distrusted)
        except (StageError, OSError) as error:
            if self._holder.overtaken:
                raise lease.lost(self.pipeline.folder) from None
            broken = checks.damaged(self._shared, partial) if isinstance(error, StageError) else {}
            if not broken:
                raise
            self.say(f"data: files of stage {', '.join(sorted(broken))} are damaged: making them again")
            names = {*distrusted, *broken}
            return self._attempt({name: {*distrusted.get(name, ()), *broken.get(name, ())} for name in names})
        finally:
            for place in generations.partial_ones(self.pipeline.folder, below=self._holder.number):
                deleting.delete(place)
        return Result(self._commit(partial), tuple(self._outcomes.values()))

    def _bring(
        self,
        stage: Stage,
        partial: Path,
        leftovers: list[tuple[Path, StageRecord]],
        distrusted: Mapping[str, Collection[str]],
    ) -> None:
        """Share the stage with an earlier generation, or make it, or make those of its pieces that are due."""
        made = {name: record.outputs for name, record in self._records.items()}
        with self._cache.noting() as paths:
            now, cut = survey(stage, self.pipeline, self.environment, made, self._cache)
        drop_unsure(self.pipeline, now.parts)
        changes = RunInputs(paths, cut.items if cut else (), self._cache)
        if cut is not None:
            self._bring_pieces(stage, cut, changes, partial, leftovers, distrusted.get(stage.name, ()))
            return
        trusted = stage.name not in distrusted
        step = self._step(stage, now, trusted=trusted)
        if step.action is Action.LEAVE and self._last is not None:
            self._keep(stage, step, "fresh", self._then[stage.name], self._last, partial)
            return
        if trusted and not self.force:
            for place, record in leftovers:
                if record.name == stage.name and self._is_as_good(stage, now, record, place):
                    self._keep(stage, step, "restored", record, place, partial)
                    return
        self._make(stage, step, now, changes, partial)

    def _bring_pieces(
        self,
        stage: Stage,
        now: Division,
        changes: RunInputs,
        partial: Path,
        leftovers: list[tuple[Path, StageRecord]],
        distrusted: Collection[str],
    ) -> None:
        sources = [(self._last, self._then[stage.name])] if self._last and stage.name in self._then else []
        sources += [(place, record) for place, record in leftovers if record.name == stage.name]
        ttl, moment = self.pipeline.ttl_of(stage), self._now()
        choice = choose(now, sources, self._last, self._cache, lambda record: aged(record, ttl, moment), distrusted)
        if self.force:
            choice = choice.forced(_FORCED)
        if choice.due:
            self.before()
        work = PieceWork(self.pipeline, self.environment, self.say, self._make_room, self._now, self.advance)
        order = Order(stage, now, changes, choice, self._then.get(stage.name), self._last, partial)
        begun = Stopwatch()
        try:
            done = work.bring(order)
        except StageError as error:
            error.hint = disk.hint_if_full(self.pipeline.folder) or error.hint
            self._failed(error, choice.step(stage.name), begun.seconds, work.counts)
            raise
        self._shared[stage.name] = {path: done.files[path] for path in work.shared}
        unfinished.keep_record(partial, done)
        self._records[stage.name] = done
        self._done(choice.outcome(stage.name, work.counts, begun.seconds))

    def _step(self, stage: Stage, now: Fingerprint, *, trusted: bool) -> Step:
        if self.force:
            return Step(stage.name, Action.MAKE, _FORCED)
        record = self._then.get(stage.name)
        if not trusted:
            return Step(stage.name, Action.MAKE, Reason("output damaged"))
        found = comparing.on_disk(record.files, self._last, self._cache) if record and self._last else {}
        return step_of(stage, now, record, found, self.pipeline.ttl_of(stage), self._now())

    def _is_as_good(self, stage: Stage, now: Fingerprint, record: StageRecord, place: Path) -> bool:
        there = comparing.on_disk(record.files, place, None)
        return step_of(stage, now, record, there, self.pipeline.ttl_of(stage), self._now()).action is Action.LEAVE

    def _keep(self, stage: Stage, step: Step, result: str, record: StageRecord, source: Path, partial: Path) -> None:
        self._records[stage.name] = outputs.share(record, source, partial)
        self._shared[stage.name] = dict(self._records[stage.name].files)
        unfinished.keep_record(partial, self._records[stage.name])
        self._done(Outcome(stage.name, result, step.reason))

    def _make(self, stage: Stage, step: Step, now: Fingerprint, changes: RunInputs, partial: Path) -> None:
        self.say(f"data: stage {stage.name}: {step.reason}")
        known = self._then.get(stage.name)
        self._make_room(stage, sum(file.size for file in known.files.values()) if known else 0)
        self.before()
        begun = self._now()
        self.advance.begins(stage.name)
        try:
            made, seconds = run_whole(stage, self.pipeline, partial, self.environment, self.say, known, self._last)
        except StageError as error:
            self._failed(error, step)
            raise
        record = StageRecord(stage.name, now.key, now.parts, made, begun, seconds)
        if moved := changes.changed():
            self.say(changed_message(stage.name, moved))
            record = mark_changed(record, known, moved)
        unfinished.keep_record(partial, record)
        self._records[stage.name] = record
        self._done(Outcome(stage.name, "made", step.reason, seconds))

    def _make_room(self, stage: Stage, need: int) -> None:
        make_room(self.pipeline.folder, stage, need, self._holder.number, self.say)

    def _failed(self, error: StageError, step: Step, seconds: float = 0.0, pieces: Mapping[str, int] = _NONE) -> None:
        words = "\n".join([error.message, *error.details])
        self._done(Outcome(step.subject, "failed", step.reason, seconds, words, pieces))

    def _done(self, outcome: Outcome) -> None:
        self._outcomes[outcome.subject] = outcome
        foreseen.note(self.advance, outcome)
        self.tell(outcome)

    def _commit(self, partial: Path) -> Manifest:
        if self._holder.overtaken:
            raise lease.lost(self.pipeline.folder)
        checks.drop_strangers(partial, self._records, self.say)
        checks.require_unchanged(partial, self._records)
        manifest = Manifest(
            partial.name.removesuffix(names.PARTIAL), self._holder.number, self._now(), dict(self._records)
        )
        try:
            switching.commit(self.pipeline.folder, partial, manifest, self._holder.begin_commit)
        except FileNotFoundError:
            raise lease.lost(self.pipeline.folder) from None
        deleting.tidy(self.pipeline.folder, self._last)
        return manifest
