"""Lines of an ignore file that never decide, since another line always does.

What the builder found of a folder counts inside it too, but only if the rule was asked there: one that could not change
the verdict on a folder is not asked, and so not remembered. So a line is called dead only where that is sure: a line
twice among neighbours of its kind; below a wider one, where nothing else came before; an exception before all others.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from buildkit.image.advice.finding import Change, Finding
from buildkit.image.advice.scene import Scene
from buildkit.image.ignore.patterns import END, EXACT, Pattern
from buildkit.image.ignore.rules import Rule

_ODD = frozenset("|\\{^\n")
_WILD = frozenset("*[]?^\\")
_ALL = frozenset({"*", "**", "**/*"})


Numbered = tuple[int, Rule]


def findings(scene: Scene) -> Iterator[Finding]:
    """Yield the lines that may go: whatever they fit, another line decides about."""
    runs = [list(run) for _, run in groupby(scene.own, key=lambda each: each[1].keeps)]
    beginning: list[Numbered] = []
    for place, run in enumerate(runs):
        if run[0][1].keeps and _helps_others(scene):
            continue  # the builder looks into the folders of an exception for the others too
        if place == 0 and run[0][1].keeps:
            for number, rule in run:
                yield _finding(
                    scene, number, f'"{rule.text}" never decides: there is nothing yet to make an exception of'
                )
            continue
        gone: set[int] = set()
        for number, rule in run:
            others = [each for each in run if each[0] not in {number, *gone}]
            by = next((each for each in others if _is_twice(each, (number, rule))), None)
            by = by or next((each for each in others if _is_below(each[1], rule, place, beginning)), None)
            if by is not None:
                gone.add(number)
                words = f'"{rule.text}" never decides: "{by[1].text}" (line {by[0]}) does, whatever it fits'
                yield _finding(scene, number, words)
        beginning = run if place == 0 else beginning


def _finding(scene: Scene, number: int, says: str) -> Finding:
    changes = (Change(number, None),)
    return Finding("never-decides", scene.line(number), says, proposal="take the line away", changes=changes)


def _helps_others(scene: Scene) -> bool:
    return any(rule.keeps and _WILD & {*rule.pattern.text} for _, rule in scene.own)


def _is_twice(other: Numbered, line: Numbered) -> bool:
    return other[1].pattern.text == line[1].pattern.text and other[0] < line[0]


def _is_below(wide: Rule, narrow: Rule, place: int, beginning: list[Numbered]) -> bool:
    """Whether a line lies below a wider one that is asked about its folder for sure."""
    if wide.pattern.text == narrow.pattern.text or not covers(wide.pattern, narrow.pattern):
        return False
    return place == 0 or (place == 1 and any(covers(rule.pattern, wide.pattern) for _, rule in beginning))


def covers(wide: Pattern, narrow: Pattern) -> bool:
    """Return whether all that one pattern fits, or lies in what it fits, is so of another one; False if in doubt."""
    if wide.text == narrow.text:
        return True
    if _ODD & {*wide.text, *narrow.text}:
        return False
    if wide.text in _ALL:
        return True
    if wide.kind == EXACT:
        return narrow.text.startswith(f"{wide.text}/")
    if wide.kind == END and wide.text.startswith("**/") and "/" not in wide.text[3:]:
        return wide.text[3:] in narrow.text.split("/")
    return False
