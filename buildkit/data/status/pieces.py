"""Compares the pieces of a stage with its record: which are up to date, and why the others are due. Pure.

The key of a piece covers the name and content of its item and all inputs that the pieces share: settings, code, further
files. So the result of an unchanged item is taken over, and the result of one that is gone is left behind.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from buildkit.core import plan
from buildkit.core.fingerprint import digest_bytes, digest_value, key_of
from buildkit.data.stages.items import Item
from buildkit.data.volume.manifest import Piece, StageRecord
from buildkit.model import ABSENT, Action, Digest, Fingerprint, Reason, Step

Aged = Callable[[float], "Reason | None"]
"""Returns why something made at a time (seconds since 1970) is too old, or None."""

_FEW = 5


@dataclass(frozen=True, slots=True)
class Division:
    """A stage in pieces, divided by its present inputs.

    Args:
        common: the fingerprint of the inputs that all pieces share.
        items: the items; the stage runs once for each.
        keys: the key of each piece by the name of its item.
    """

    common: Fingerprint
    items: tuple[Item, ...]
    keys: Mapping[str, Digest]

    @property
    def fingerprint(self) -> Fingerprint:
        """The key of the whole stage."""
        return Fingerprint(digest_value([self.common.key, sorted(self.keys.items())]), self.common.parts)


def divide(common: Fingerprint, items: tuple[Item, ...]) -> Division:
    """Return the stage divided into pieces, with the key of each."""
    keys = {
        item.name: digest_bytes(f"{common.key}\n{item.digest}\n{item.name}".encode("utf-8", "surrogateescape"))
        for item in items
    }
    return Division(common, items, keys)


@dataclass(frozen=True, slots=True)
class PieceComparison:
    """The comparison of a stage's record with its present inputs.

    Args:
        kept: the items whose results are up to date.
        due: the others, each with the reason.
        gone: the items of the record that no longer exist.
    """

    kept: tuple[str, ...]
    due: Mapping[str, Reason]
    gone: tuple[str, ...]

    @property
    def counts(self) -> dict[str, int]:
        """How many are due, kept and to be removed."""
        return {"due": len(self.due), "kept": len(self.kept), "removed": len(self.gone)}


def compare(wanted: Division, record: StageRecord | None, found: Mapping[str, Digest], aged: Aged) -> PieceComparison:
    """Compare a stage's record with its present inputs.

    Args:
        wanted: the pieces by the present inputs.
        record: the stage's record; None if there is none.
        found: the digest of each of its files as it lies on the disk.
        aged: returns, for the time at which a piece was made, why it is too old.
    """
    pieces = record.pieces if record else {}
    kept: list[str] = []
    due: dict[str, Reason] = {}
    general = _in_common(wanted, record)
    for item, key in wanted.keys.items():
        piece = pieces.get(item)
        if piece is not None and piece.key == key and record is not None:
            reason = damage(record, piece, found) or aged(piece.made)
        else:
            reason = general or Reason("item appeared" if piece is None else "item changed", item)
        if reason is None:
            kept.append(item)
        else:
            due[item] = reason
    return PieceComparison(tuple(kept), due, tuple(item for item in pieces if item not in wanted.keys))


def damage(record: StageRecord, piece: Piece, found: Mapping[str, Digest]) -> Reason | None:
    """Return the reason why a piece's files are damaged; None if they are as recorded."""
    for path in piece.files:
        there = found.get(path, ABSENT)
        if there != record.files[path].state:
            return Reason("output missing" if there == ABSENT else "output damaged", path)
    return None


def step_of(stage: str, seen: PieceComparison) -> Step:
    """Return the step for the stage as a whole."""
    for reasons in (list(seen.due.values()), [Reason("item gone", item) for item in seen.gone]):
        if reasons:
            same = sum(reason == reasons[0] for reason in reasons)
            more = len(reasons) - same
            detail = f"{reasons[0].detail} and {more} more" if more and reasons[0].detail else reasons[0].detail
            return Step(stage, Action.MAKE, Reason(reasons[0].kind, detail))
    return Step(stage, Action.LEAVE, plan.UNCHANGED)


def first_reasons(seen: PieceComparison) -> str:
    """Return one line with the reason for each of the first pieces that are due or removed."""
    reasons = [f"{item}: {reason}" if reason.detail != item else str(reason) for item, reason in seen.due.items()]
    reasons += [str(Reason("item gone", item)) for item in seen.gone]
    more = [f"{len(reasons) - _FEW} more"] if len(reasons) > _FEW else []
    return "\n".join([*reasons[:_FEW], *more])


def _in_common(wanted: Division, record: StageRecord | None) -> Reason | None:
    """Return why no piece of the record can be up to date; None if some may be."""
    if record is None:
        return plan.NEVER_MADE
    if not record.pieces:
        return Reason("setting appeared", "each")
    if key_of(record.parts) != wanted.common.key:
        return plan.why_changed(wanted.common.parts, record.parts)
    return None
