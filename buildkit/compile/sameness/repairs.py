"""All that is repaired in the body of a function before Cython analyses it, in this order."""

from __future__ import annotations

from typing import Any

from buildkit.compile.sameness.arithmetic import keep_operations
from buildkit.compile.sameness.assertions import keep_assertions
from buildkit.compile.sameness.builtins import keep_builtin_calls
from buildkit.compile.sameness.calls import keep_checks
from buildkit.compile.sameness.deletions import keep_deletions
from buildkit.compile.sameness.floats import keep_floats
from buildkit.compile.sameness.formats import keep_formats
from buildkit.compile.sameness.frames import keep_frames
from buildkit.compile.sameness.handlers import keep_handlers
from buildkit.compile.sameness.iteration import keep_iteration
from buildkit.compile.sameness.lines import keep_lines
from buildkit.compile.sameness.literals import keep_literals
from buildkit.compile.sameness.methods import keep_order
from buildkit.compile.sameness.numbers import keep_objects
from buildkit.compile.sameness.ranges import keep_ranges
from buildkit.compile.sameness.remainders import keep_remainders
from buildkit.compile.sameness.rewritings import keep_away
from buildkit.compile.sameness.shown import keep_shown
from buildkit.compile.sameness.slices import keep_slices
from buildkit.compile.sameness.unpacking import keep_unpacking

REPAIRS = (
    keep_lines,
    keep_assertions,
    keep_iteration,
    keep_slices,
    keep_builtin_calls,
    keep_literals,
    keep_objects,
    keep_remainders,
    keep_away,
    keep_operations,
    keep_floats,
    keep_unpacking,
    keep_checks,
    keep_frames,
    keep_shown,
    keep_order,
    keep_handlers,
    keep_deletions,
    keep_ranges,
    keep_formats,
)


def repair(body: Any) -> None:
    """Repair what the C of a function's body would do otherwise than Python.

    Args:
        body: Cython's tree of it, just parsed; it is changed.
    """
    for each in REPAIRS:
        each(body)
