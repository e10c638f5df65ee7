"""Teaches Invoke's program the list in groups, the nearest of a misspelt word, and values to complete.

Invoke lets a tasks.py change none of these. What does them is loaded only where it is asked for.
"""

from __future__ import annotations

from typing import Any

from invoke import program
from invoke.exceptions import ParseError
from invoke.program import Program

_complete = vars(program)["complete"]
_list_flat, _parse_tasks = Program.list_flat, Program.parse_tasks


def teach() -> None:
    """Let the program do so from now on."""
    vars(program)["complete"] = _complete_values
    Program.list_flat = _list  # type: ignore[assignment, method-assign]
    Program.parse_tasks = _parse  # type: ignore[assignment, method-assign]


def _list(its: Program) -> None:
    from buildkit.tasks import listing  # noqa: PLC0415 - for this alone

    if not listing.print_groups(its):
        _list_flat(its)


def _parse(its: Program) -> None:
    try:
        _parse_tasks(its)
    except ParseError as error:
        from buildkit.tasks import listing  # noqa: PLC0415 - for this alone

        listing.raise_meant(its, error)
        raise


def _complete_values(names: Any, core: Any, *further: Any, **named: Any) -> Any:  # noqa: ANN401 - as Invoke calls it
    from buildkit.tasks import completing  # noqa: PLC0415 - for this alone

    completing.print_values(core.remainder)
    return _complete(names, core, *further, **named)
