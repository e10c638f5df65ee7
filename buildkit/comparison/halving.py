"""Finds the few things of many that make a difference, by halving.

The algorithm is delta debugging's `ddmin`: A. Zeller, R. Hildebrandt, "Simplifying and Isolating Failure-Inducing
Input", IEEE Transactions on Software Engineering 28 (2002).
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence


def culprits(things: Sequence[str], differs: Callable[[frozenset[str]], bool]) -> tuple[str, ...]:
    """Return a smallest set of `things` that makes the difference: without any one of them there is none.

    Args:
        things: all of them together make it.
        differs: whether these alone make it; asked once for each set, of nothing never.
    """
    known: dict[frozenset[str], bool] = {}

    def asked(chosen: Sequence[str]) -> bool:
        key = frozenset(chosen)
        if key not in known:
            known[key] = differs(key)
        return known[key]

    left = list(things)
    parts = 2
    while len(left) > 1:
        pieces = _cut(left, parts)
        alone = next((piece for piece in pieces if asked(piece)), None)
        if alone is not None:
            left, parts = alone, 2
            continue
        others = [[each for each in left if each not in piece] for piece in pieces] if parts > 2 else []  # noqa: PLR2004 - of two halves each is the other's rest
        rest = next((other for other in others if asked(other)), None)
        if rest is not None:
            left, parts = rest, max(parts - 1, 2)
        elif parts < len(left):
            parts = min(2 * parts, len(left))
        else:
            break
    return tuple(left)


def _cut(things: list[str], parts: int) -> list[list[str]]:
    """Return `things` in `parts` pieces of about the same size."""
    edges = [len(things) * at // parts for at in range(parts + 1)]
    return [things[start:end] for start, end in itertools.pairwise(edges)]
