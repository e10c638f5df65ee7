"""What an image has more or less than another one, by owner and kind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Grown:
    """One owner that weighs otherwise.

    Args:
        owner: whose bytes.
        before: bytes in the former image.
        after: bytes in this one.
        words: what changed: a version, a kind of file, or that it is new or gone.
    """

    owner: str
    before: int
    after: int
    words: str


Weights = Mapping[str, Mapping[str, int]]
"""Bytes by owner and kind."""


def growth(
    before: Weights, after: Weights, old: Mapping[str, str], new: Mapping[str, str], least: int = 10_000
) -> list[Grown]:
    """Return the owners that grew or shrank, the largest change first.

    Args:
        before: the weights of the former image.
        after: the weights of this one.
        old: the versions of the former image's distributions.
        new: the versions of this one's.
        least: bytes that a change must have to be worth a line.
    """
    rows = []
    for owner in {**before, **after}:
        was, now = before.get(owner, {}), after.get(owner, {})
        change = sum(now.values()) - sum(was.values())
        if abs(change) >= least:
            rows.append(Grown(owner, sum(was.values()), sum(now.values()), _words(owner, was, now, old, new)))
    return sorted(rows, key=lambda row: (-abs(row.after - row.before), row.owner))


def _words(
    owner: str, was: Mapping[str, int], now: Mapping[str, int], old: Mapping[str, str], new: Mapping[str, str]
) -> str:
    if not was or not now:
        return "is new" if now else "is gone"
    kind = max({**was, **now}, key=lambda each: abs(now.get(each, 0) - was.get(each, 0)))
    version = f"{old[owner]} to {new[owner]}, " if old.get(owner, "") != new.get(owner, "") and owner in old else ""
    return f"{version}most of it {kind}"
