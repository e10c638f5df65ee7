"""Finds the module and the scripts that a command runs, from its arguments only."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence

_AS_MAIN = re.compile("-[bBdEiIOPqsSuvx]*m(.*)")
"""Python's options without a value before `-m`, and what is written together with it."""


def main_module(command: Sequence[str]) -> str:
    """Return the module that Python runs as the main one, as in `python -m app.publish`; empty if there is none."""
    return next((name for before, name in itertools.pairwise(command) if before == "-m"), "")


def main_modules(command: str | Sequence[str]) -> frozenset[str]:
    """Return all modules that a command may run as main ones: of `python -m debugpy -m app.worker` both."""
    words = [*(command.split() if isinstance(command, str) else command), ""]
    found = ((_AS_MAIN.fullmatch(before), after) for before, after in itertools.pairwise(words))
    return frozenset(match[1] or after for match, after in found if match) - {""}


def scripts(command: Sequence[str]) -> Sequence[str]:
    """Return the words that may be a script: the program where it is a relative path, and its arguments."""
    program = command[0] if command else ""
    return command if "/" in program and not program.startswith("/") else command[1:]
