"""One checked property of an image or its deployment, with the verdict."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Point:
    """One point of `image.check`.

    Args:
        name: what is checked.
        wrong: what is wrong with it; empty if it holds.
        found: what was found if it holds.
        absent: it cannot hold yet, which is no fault: the first start makes it so.
        advice: what was found works, and could be better.
        remedy: the lines that make it better or mend it.
    """

    name: str
    wrong: str = ""
    found: str = ""
    absent: bool = False
    advice: bool = False
    remedy: tuple[str, ...] = ()
