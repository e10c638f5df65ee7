"""The findings as a table that fits the terminal, and below it what mends what is wrong."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from buildkit.doctor.finding import MISSING, OK, OPTIONAL, WARNING, Finding

_COLOURS = {OK: "32", OPTIONAL: "2", WARNING: "33", MISSING: "31"}
_GAP = "  "
_NARROWEST = 20


def lines_of(findings: Sequence[Finding], *, width: int, coloured: bool) -> list[str]:
    """Return the lines of the table, then each mend as a line to paste, however long it is.

    Args:
        findings: what was found.
        width: columns of the terminal.
        coloured: whether states have colours.
    """
    things = max(len(each.thing) for each in findings)
    states = max(len(each.state) for each in findings)
    rest = max(_NARROWEST * 2, width - things - states - 2 * len(_GAP))
    serves = min(max(len(each.serves) for each in findings), rest * 2 // 5)
    found = rest - serves - len(_GAP)
    lines = []
    for each in findings:
        left, right = textwrap.wrap(each.found, found) or [""], textwrap.wrap(each.serves, serves) or [""]
        if each.state in {OK, OPTIONAL}:  # a line each, so that the table is seen at once
            left, right = [_cut(each.found, found)], [_cut(each.serves, serves)]
        for number in range(max(len(left), len(right))):
            state = _painted(each.state.ljust(states), _COLOURS[each.state], coloured=coloured and number == 0)
            before = (each.thing.ljust(things), state) if number == 0 else (" " * things, " " * states)
            row = (*before, _at(left, number).ljust(found), _at(right, number))
            lines.append(_GAP.join(row).rstrip())
    mended = [each for each in findings if each.mend and each.state != OK]
    if mended:
        lines += ["", "to mend:"]
        for each in sorted(mended, key=lambda each: (each.state != MISSING, each.state != WARNING)):
            lines += [f"  {_painted(f'# {each.thing}', '2', coloured=coloured)}", f"  {each.mend}"]
    return lines


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else f"{text[: width - 1]}…"


def _at(words: Sequence[str], number: int) -> str:
    return words[number] if number < len(words) else ""


def _painted(text: str, code: str, *, coloured: bool) -> str:
    return f"\033[{code}m{text}\033[0m" if coloured else text
