"""The verdicts of an ignore file without their rules: asked of every path of a large tree.

Rules of one sign that follow each other are one question: a rule behind one that matched is not asked, in the walk of
the builder either. So such a run is a look into a set, a few comparisons, and one regular expression.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import groupby

from buildkit.image.ignore.patterns import END, EXACT, EXPRESSION, START, Pattern
from buildkit.image.ignore.rules import Ignore

Hits = tuple[bool, ...]
"""Which runs matched a path or a folder above it."""

_IN_ANY_FOLDER = re.compile(r"\*\*/([^/*?\[\]\\{}|^]*)\*?([^/*?\[\]\\{}|^]*)")


class Sieve:
    """The rules of one ignore file, run by run.

    Args:
        ignore: the rules.
    """

    def __init__(self, ignore: Ignore) -> None:
        runs = groupby(ignore.rules, key=lambda rule: rule.keeps)
        self._runs = [(keeps, _any([rule.pattern for rule in run])) for keeps, run in runs]
        self.at_top: Hits = (False,) * len(self._runs)

    def judge(self, path: str, above: Hits) -> tuple[bool, Hits]:
        """Return whether `path` is ignored, and what is needed to judge what is inside.

        Args:
            path: relative to the context, with forward slashes.
            above: what the folder came to that it is in; `at_top` at the top.
        """
        ignored = False
        hits = []
        for (keeps, fits), known in zip(self._runs, above, strict=True):
            hit = known or (keeps == ignored and fits(path))
            hits.append(hit)
            if hit:
                ignored = not keeps
        return ignored, tuple(hits)


def _any(patterns: Sequence[Pattern]) -> Callable[[str], bool]:
    """Return what says whether a path fits one of the patterns."""
    exact = frozenset(pattern.part for pattern in patterns if pattern.kind == EXACT)
    starts = tuple(pattern.part for pattern in patterns if pattern.kind == START)
    names, affixes, others = set[str](), list[tuple[str, str]](), list[Pattern]()
    for pattern in patterns:
        found = _IN_ANY_FOLDER.fullmatch(pattern.text)
        if found is None:
            others += [pattern] if pattern.kind in (END, EXPRESSION) else []
        elif pattern.kind == END:
            names.add(found[1])
        else:
            affixes.append((found[1], found[2]))
    ends = tuple(pattern.part for pattern in others if pattern.kind == END)
    wholes = frozenset(end[1:] for end in ends if end.startswith("/"))
    joined = "|".join(f"(?:{pattern.part})" for pattern in others if pattern.kind == EXPRESSION and pattern.is_simple)
    search = re.compile(joined, re.ASCII).search if joined else None
    slow = [pattern.fits for pattern in patterns if not pattern.is_simple]
    before = tuple(start for start, end in affixes if not end)
    behind = tuple(end for start, end in affixes if not start)
    both = [(start, end) for start, end in affixes if start and end]

    def fits(path: str) -> bool:
        if "\n" in path:  # two stars match no line's end
            return any(pattern.fits(path) for pattern in patterns)
        name = path[path.rfind("/") + 1 :]
        return (
            name in names
            or path in exact
            or path in wholes
            or name.endswith(behind)
            or name.startswith(before)
            or path.endswith(ends)
            or path.startswith(starts)
            or any(
                name.startswith(start) and name.endswith(end) and len(name) >= len(start) + len(end)
                for start, end in both
            )
            or (search is not None and search(path) is not None)
            or any(each(path) for each in slow)
        )

    return fits
