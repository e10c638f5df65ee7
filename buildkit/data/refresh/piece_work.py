"""Makes a stage piece by piece: reuses what is up to date, runs the rest on all cores, keeps what succeeded."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from buildkit.core import plan
from buildkit.core.advance import Advance
from buildkit.data.processes import stage_process
from buildkit.data.processes.pool import Done, Pool, Task
from buildkit.data.refresh import foreseen
from buildkit.data.refresh.piece_files import PieceFiles, SealedPiece, seal_piece
from buildkit.data.refresh.run_inputs import RunInputs, changed_key, changed_message, mark_changed
from buildkit.data.stages.digests import Digests
from buildkit.data.stages.pipeline import Pipeline, Stage
from buildkit.data.status import pieces
from buildkit.data.status.pieces import Aged, Division, PieceComparison
from buildkit.data.volume import disk, isolation, outputs
from buildkit.data.volume.manifest import Piece, StageRecord
from buildkit.doors.clock import Stopwatch
from buildkit.errors import StageError
from buildkit.model import Digest, Outcome, Reason, Step
from buildkit.trees import comparing

Say = Callable[[str], None]
Source = tuple[Path, StageRecord]
"""A generation, and the record of the stage in it."""

_SEALERS = 4
_MOST_NAMED = 20
_MOST_WORDS = 5
"""So many failed pieces are shown with their last output lines."""


@dataclass(frozen=True, slots=True)
class Choice:
    """The decision for each piece of a stage: taken over from a generation, or made.

    Args:
        seen: the comparison of the current generation with the present inputs.
        taken: the items that are taken over, by their source.
        due: the items that are to be made, in their order, with the reasons.
    """

    seen: PieceComparison
    taken: Sequence[tuple[Source, Mapping[str, Piece]]]
    due: Mapping[str, Reason]

    def forced(self, reason: Reason) -> Choice:
        """Return a choice in which every piece is due for `reason`."""
        items = [*self.due, *(item for _, taken in self.taken for item in taken)]
        return Choice(self.seen, (), dict.fromkeys(sorted(items), reason))

    def step(self, stage: str) -> Step:
        """Return the step for the stage as a whole."""
        return pieces.step_of(stage, replace(self.seen, due=self.due or self.seen.due))

    def outcome(self, stage: str, counts: Mapping[str, int], seconds: float) -> Outcome:
        """Return the stage's outcome."""
        if not self.due and not self.seen.due and not self.seen.gone:
            return Outcome(stage, "fresh", plan.UNCHANGED, pieces=counts)
        restored = not self.due and not self.seen.gone
        row = Outcome(stage, "restored" if restored else "made", self.step(stage).reason, seconds, pieces=counts)
        return row._replace(detail=pieces.first_reasons(replace(self.seen, due=self.due)) if not restored else "")


def choose(
    wanted: Division,
    sources: Sequence[Source],
    current: Path | None,
    cache: Digests,
    aged: Callable[[StageRecord], Aged],
    distrusted: Collection[str],
) -> Choice:
    """Decide for each piece whether some generation holds its result, the current one first, or it must be made.

    Args:
        wanted: the stage's pieces and keys by the present inputs.
        sources: the generations that have any of it, the current one first.
        current: the current generation.
        cache: the digest cache.
        aged: returns, for a record, the function that says what in it is too old.
        distrusted: paths of files that were found damaged though their size and time are right.
    """
    left = dict(wanted.keys)
    taken: list[tuple[Source, Mapping[str, Piece]]] = []
    seen = pieces.compare(wanted, None, {}, lambda _: None)
    for place, record in sources:
        there = comparing.on_disk(record.files, place, cache if place == current else None)
        there |= {path: Digest("distrusted") for path in distrusted if path in there}
        compared = pieces.compare(wanted, record, there, aged(record))
        if place == current:
            seen = compared
        mine = {item: record.pieces[item] for item in compared.kept if item in left}
        for item in mine:
            del left[item]
        if mine:
            taken.append(((place, record), mine))
    return Choice(seen, taken, {item: seen.due[item] for item in left})


@dataclass(frozen=True, slots=True)
class Order:
    """A stage in pieces that is to be made.

    Args:
        stage: the stage.
        wanted: the stage's pieces and keys by the present inputs.
        changes: the inputs of this run, which tell whether they changed meanwhile.
        choice: the decision for each piece.
        known: the stage's record in the current generation; None if there is none.
        last: the current generation; None if there is none.
        partial: the new one, in which it is made.
    """

    stage: Stage
    wanted: Division
    changes: RunInputs
    choice: Choice
    known: StageRecord | None
    last: Path | None
    partial: Path

    @property
    def before(self) -> Mapping[str, Piece]:
        """The pieces that the current generation records, by item."""
        return self.known.pieces if self.known else {}


def counts_of(kept: int, removed: int = 0) -> dict[str, int]:
    """Return the counts of pieces by result before any has run."""
    return {"made": 0, "kept": kept, "removed": removed, "failed": 0}


class PieceWork:
    """Makes one stage piece by piece.

    Args:
        pipeline: the pipeline that the stage belongs to.
        environment: the environment variables for the stage.
        say: called with each progress line.
        make_room: called with a stage and its size in bytes; frees space for it or raises.
        now: returns the volume's time in seconds since 1970.
        advance: told how many pieces are made.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        environment: Mapping[str, str],
        say: Say,
        make_room: Callable[[Stage, int], None],
        now: Callable[[], float],
        advance: Advance,
    ) -> None:
        self._pipeline = pipeline
        self._environment = environment
        self._say = say
        self._make_room = make_room
        self._now = now
        self._advance = advance
        self._failed: dict[str, tuple[str, ...]] = {}
        self._dropped = 0
        self.counts: dict[str, int] = {}
        self.shared: tuple[str, ...] = ()

    def bring(self, order: Order) -> StageRecord:
        """Make the stage and return its new record.

        Args:
            order: the stage to make, with the decision for each piece.

        Raises:
            StageError: pieces failed; those that succeeded are noted in the journal.
        """
        stage, choice, known, partial = order.stage, order.choice, order.known, order.partial
        kept = sum(len(taken) for _, taken in choice.taken)
        self.counts = counts_of(kept, len(choice.seen.gone))
        watch = Stopwatch()
        begun = self._now()
        outputs.remove(stage, partial)
        record = StageRecord(stage.name, order.wanted.fingerprint.key, order.wanted.fingerprint.parts, {}, begun, 0.0)
        with contextlib.closing(PieceFiles(stage, partial, record)) as files_of_pieces:
            for (place, other), taken in choice.taken:
                files_of_pieces.take_over(taken, other, place)
            self.shared = tuple(files_of_pieces.record.files)
            if choice.due:
                before = order.before
                again = [path for item in choice.due if item in before for path in before[item].files]
                self._say(f"data: stage {stage.name}: {self._plan(stage, choice)}")
                self._make_room(stage, sum(known.files[path].size for path in again) if known else 0)
                jobs = stage.jobs or stage_process.cores()
                self._advance.expects({stage.name: foreseen.of_pieces(choice.due, before, jobs)})
                self._advance.begins(stage.name)
                with isolation.isolated(stage, self._pipeline, partial):
                    self._make(order, files_of_pieces, begun)
            files_of_pieces.move_into_generation()
            if known is not None and order.last is not None:
                files_of_pieces.share_equal(known.files, order.last, besides=self.shared)
            made = replace(files_of_pieces.record, seconds=watch.seconds)
        moved = order.changes.changed() if choice.due else ""
        if not moved:
            return made
        self._say(changed_message(stage.name, moved))
        return mark_changed(made, known, moved, choice.due)

    def _plan(self, stage: Stage, choice: Choice) -> str:
        count, kept = len(choice.due), self.counts["kept"]
        return f"{count:,} of {count + kept:,} pieces to make ({choice.step(stage.name).reason})"

    def _make(self, order: Order, files_of_pieces: PieceFiles, begun: float) -> None:
        """Run the due pieces, and collect the files of each when it ends."""
        stage, wanted, partial, before = order.stage, order.wanted, order.partial, order.before
        due = _longest_first(order.choice.due, before)
        places = {item.name: partial / item.place for item in wanted.items}
        runner = Pool(stage, self._pipeline, partial, self._environment, self._say)
        pool = ThreadPoolExecutor(_SEALERS)
        sealing: dict[Future[SealedPiece], str] = {}

        def seal(done: Done) -> SealedPiece:
            found = seal_piece(stage, done.out)
            item, key = done.task.item, wanted.keys[done.task.item]
            if order.changes.item_changed(item):
                self._say(changed_message(stage.name, item))
                key = changed_key(key, before.get(item))
            files_of_pieces.add(item, Piece(key, (), begun, done.seconds), done.out, found)
            return found

        try:
            with contextlib.closing(
                runner.run([Task(item, places[item]) for item in due], files_of_pieces.work)
            ) as ends:
                for done in ends:
                    if done.exit_code:
                        self._fail(done.task.item, stage_process.ending(done.exit_code), done.words)
                        if disk.hint_if_full(self._pipeline.folder):
                            break  # the others would fail as well
                    else:
                        sealing[pool.submit(seal, done)] = done.task.item
                    for future in [each for each in sealing if each.done()]:
                        self._note(stage, sealing.pop(future), future)
                    self._advance.reaches(stage.name, self.counts["made"] + self.counts["failed"], len(due))
            for future, item in sealing.items():
                self._note(stage, item, future)
        finally:
            pool.shutdown(cancel_futures=True)
        if self._failed:
            raise self._failure(stage, len(due) + self.counts["kept"])

    def _note(self, stage: Stage, item: str, future: Future[SealedPiece]) -> None:
        """Count a piece that succeeded, once its files are in place, or its failure if they cannot be kept."""
        try:
            found = future.result()
        except StageError as error:
            self._fail(item, error.message.removeprefix(f"stage {stage.name}: "), (error.hint,))
            return
        self.counts["made"] += 1
        for path in found.strangers:
            self._dropped += 1
            if self._dropped <= _MOST_WORDS:
                self._say(f"data: dropping {path} of {item}: stage {stage.name} does not declare it as an output")

    def _fail(self, item: str, why: str, words: Sequence[str]) -> None:
        self.counts["failed"] += 1
        self._failed[item] = (f"{item}: {why}", *(f"  {line}" for line in words))

    def _failure(self, stage: Stage, of: int) -> StageError:
        details: list[str] = []
        for at, item in enumerate(sorted(self._failed)):
            if at == _MOST_NAMED:
                details.append(f"and {len(self._failed) - at} more")
                break
            details += self._failed[item] if at < _MOST_WORDS else self._failed[item][:1]
        return StageError(
            f"stage {stage.name}: {len(self._failed):,} of {of:,} {'piece' if of == 1 else 'pieces'} failed",
            details=details,
            hint="the data that was there stays as it is; mend the stage and run again: finished pieces are kept",
        )


def _longest_first(due: Mapping[str, Reason], before: Mapping[str, Piece]) -> list[str]:
    """Return the items, those first that took longest the last time, so that no long piece is left for the end."""
    return sorted(due, key=lambda item: -before[item].seconds if item in before else 0.0)
