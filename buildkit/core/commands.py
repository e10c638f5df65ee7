"""Finds the module and the scripts that a command runs, from its arguments only."""

from __future__ import annotations

import itertools
from collections.abc import Sequence


def main_module(command: Sequence[str]) -> str:
    """Return the module that Python runs as the main one, as in `python -m app.publish`; empty if there is none."""
    return next((name for before, name in itertools.pairwise(command) if before == "-m"), "")


def scripts(command: Sequence[str]) -> Sequence[str]:
    """Return the words that may be a script: the program where it is a relative path, and its arguments."""
    program = command[0] if command else ""
    return command if "/" in program and not program.startswith("/") else command[1:]
