"""One point of the arrangement, and its verdict."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Point:
    """One point of the arrangement.

    Args:
        name: what is looked at.
        wrong: what is wrong with it; empty where it holds.
        found: what was seen where it holds.
        absent: it cannot hold yet, and that is well.
    """

    name: str
    wrong: str = ""
    found: str = ""
    absent: bool = False
