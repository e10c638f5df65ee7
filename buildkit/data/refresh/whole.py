"""Runs a stage that is not in pieces; and the outcomes of a refresh that finds nothing to make."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from buildkit.data.processes import stage_process
from buildkit.data.refresh.piece_work import counts_of
from buildkit.data.stages.pipeline import Pipeline, Stage
from buildkit.data.status.look import Look
from buildkit.data.volume import disk, isolation, outputs
from buildkit.data.volume.manifest import StageRecord
from buildkit.errors import StageError
from buildkit.model import Outcome
from buildkit.trees import sealing
from buildkit.trees.entry import File

Say = Callable[[str], None]
Tell = Callable[[Outcome], None]


def run_whole(
    stage: Stage,
    pipeline: Pipeline,
    partial: Path,
    environment: Mapping[str, str],
    say: Say,
    known: StageRecord | None,
    last: Path | None,
) -> tuple[dict[str, File], float]:
    """Run a stage and seal its outputs; return these by path, and the seconds that it took.

    Files that are as in the current generation are shared with it. Nothing of a stage that failed is left.

    Args:
        stage: the stage.
        pipeline: the pipeline that the stage belongs to.
        partial: the generation in which it is made.
        environment: the environment variables for the stage.
        say: called with each progress line.
        known: the stage's record in the current generation; None if there is none.
        last: the current generation; None if there is none.

    Raises:
        StageError: it failed, or an output is missing or holds something that cannot be one.
        OSError: the disk refuses.
    """
    try:
        outputs.prepare(stage, partial)
        with isolation.isolated(stage, pipeline, partial):
            seconds = stage_process.run(stage, pipeline, partial, environment, say)
        made = outputs.seal(stage, partial)
        if known is not None and last is not None:
            made = sealing.share_equal(made, known.files, last, partial, outputs.sidecar_of(partial))
    except (OSError, StageError) as error:
        if isinstance(error, StageError):
            error.hint = disk.hint_if_full(pipeline.folder) or error.hint
        outputs.remove(stage, partial)  # which may make room again
        raise
    return made, seconds


def all_fresh(seen: Look, tell: Tell) -> tuple[Outcome, ...]:
    """Report every stage as up to date, and return the outcomes."""
    outcomes = tuple(
        Outcome(step.subject, "fresh", step.reason, pieces=counts_of(kept=len(its.kept)) if its else {})
        for step in seen.steps
        for its in [seen.pieces.get(step.subject)]
    )
    for outcome in outcomes:
        tell(outcome)
    return outcomes
