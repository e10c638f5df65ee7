"""A part of Cython's own C that is another one while a module of plain Python is translated."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Replacement:
    """A text of Cython's, and what stands for it.

    Args:
        file: of Cython's C, in its folder `Utility`.
        section: in the file.
        cython: a part of the section's text, which stands there once.
        python: what stands for it.
        shown: when it is seen.
    """

    file: str
    section: str
    cython: str
    python: str
    shown: str
