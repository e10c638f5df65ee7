"""The seconds that stages and pieces are thought to take: those of the last time."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from buildkit.core.advance import Advance
from buildkit.data.stages.pipeline import Stage
from buildkit.data.volume.manifest import Piece, StageRecord
from buildkit.model import Outcome


def of_stages(stages: Iterable[Stage], before: Mapping[str, StageRecord]) -> dict[str, float]:
    """Return the seconds of each stage by its name; 0 for one that was never made.

    Args:
        stages: the stages.
        before: their records of the last time, by name.
    """
    return {stage.name: before[stage.name].seconds if stage.name in before else 0.0 for stage in stages}


def of_pieces(due: Collection[str], before: Mapping[str, Piece], at_once: int) -> float:
    """Return the seconds that the due pieces of a stage take together; 0 where nothing is known of any.

    Args:
        due: the items.
        before: the pieces of the last time, by item; one that is new is taken to be like the others.
        at_once: how many are made side by side.
    """
    known = [piece.seconds for piece in before.values() if piece.seconds > 0]
    usual = sum(known) / len(known) if known else 0.0
    return sum(before[item].seconds if item in before else usual for item in due) / max(1, min(at_once, len(due)))


def note(advance: Advance, outcome: Outcome) -> None:
    """Tell what has become of a stage: one that was not made took none of the seconds."""
    if outcome.result in {"made", "failed"}:
        advance.done(outcome.subject)
    else:
        advance.skips(outcome.subject)
