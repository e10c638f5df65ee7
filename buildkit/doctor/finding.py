"""One thing that a command needs, or that will hurt, as it was found here."""

from __future__ import annotations

from typing import NamedTuple

OK = "ok"
OPTIONAL = "optional"
"""It is not there, and nothing of this project needs it."""
WARNING = "warning"
"""It will hurt, and stops nothing now."""
MISSING = "missing"
"""A command of this project fails for it."""

STATES = (OK, OPTIONAL, WARNING, MISSING)


class Finding(NamedTuple):
    """One row of the table.

    Args:
        thing: what it is about.
        state: one of `STATES`.
        found: its version, or what is wrong with it.
        serves: which commands need it, or which it hurts.
        mend: one line to paste that mends it; empty where there is nothing to mend, or no line that does.
        code: the exit code of the command that fails for it.
    """

    thing: str
    state: str
    found: str
    serves: str
    mend: str = ""
    code: int = 0
