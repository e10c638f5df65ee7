"""The part of the build context that the instructions of a Dockerfile need, as the builder picks it.

The sources of `COPY` are followed through links first: where a part of a path is one, the link and what it leads to are
both sent. What comes of that are patterns in the language of the ignore rules, and each path that fits one is sent.
"""

from __future__ import annotations

import os
import posixpath
import re
import stat
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from buildkit.image.context import Context, Entry
from buildkit.image.ignore.patterns import compiled
from buildkit.image.ignore.rules import Ignore, Rule
from buildkit.image.ignore.sieve import Sieve
from buildkit.image.sources import Source

_WILD = re.compile(r"[*?\[\]\\]")
_WHOLE = "."


class Needs(NamedTuple):
    """What the instructions take.

    Args:
        entries: of the context, those that are needed, sorted by path; folders above them included.
        unknown: the sources that are not known: more may be needed.
        missing: the sources that find nothing in the context.
    """

    entries: tuple[Entry, ...]
    unknown: tuple[Source, ...]
    missing: tuple[Source, ...]


def needs(context: Context, wanted: Sequence[Source]) -> Needs:
    """Return which entries of a context the sources take."""
    known = [(source, source.path) for source in wanted if source.path is not None and is_pattern(source.path)]
    unknown = [source for source in wanted if source.path is None or not is_pattern(source.path)]
    there = frozenset(entry.path for entry in context.entries)
    missing = [source for source, path in known if path and not named(there, followed(context.root, [path]))]
    found = _taken(context, followed(context.root, [path for _, path in known])) if known else ()
    return Needs(found, tuple(unknown), tuple(missing))


def named(there: frozenset[str], patterns: Sequence[str] | None) -> list[str]:
    """Return which of the paths of a context are named by a pattern itself, not by a folder above; all for None."""
    if patterns is None:
        return sorted(there)
    found = {pattern for pattern in patterns if pattern in there and not _WILD.search(pattern)}
    fits = [compiled(pattern).fits for pattern in patterns if _WILD.search(pattern)]
    return sorted(found.union(path for path in there if any(fit(path) for fit in fits)) if fits else found)


def followed(root: Path, paths: Iterable[str]) -> list[str] | None:
    """Return the patterns that the builder makes of sources, links in them followed; None for the whole context.

    Args:
        root: the context.
        paths: clean relative paths or patterns; an empty one is the whole context.
    """
    found: set[str] = set()
    waiting = list(paths)
    while waiting:
        rest = posixpath.normpath(f"/{waiting.pop()}").lstrip("/")
        if not rest:
            return None
        here = ""
        while rest:
            part, _, rest = rest.partition("/")
            here = f"{here}/{part}" if here else part
            targets = _targets(root, here)
            if (targets or not rest) and here in found:
                break
            if targets or not rest:
                found.add(here)
                waiting += [f"{target}/{rest}" for target in targets]
                break
    return sorted(found)


def _taken(context: Context, patterns: list[str] | None) -> tuple[Entry, ...]:
    if patterns is None:
        return context.entries
    takes = Ignore([Rule(0, each, keeps=False, pattern=compiled(each)) for each in patterns])
    sieve = Sieve(takes)
    above = {"": sieve.at_top}
    kept: list[Entry] = []
    open_folders: dict[str, Entry] = {}
    for entry in context.entries:  # a folder sorts before what is in it
        folder = entry.path.rpartition("/")[0]
        taken, hits = sieve.judge(entry.path, above.get(folder, sieve.at_top))
        if stat.S_ISDIR(entry.mode):
            above[entry.path] = hits
            if not taken:
                open_folders[entry.path] = entry
        if taken:
            kept.append(entry)
            while folder and folder in open_folders:
                kept.append(open_folders.pop(folder))
                folder = folder.rpartition("/")[0]
    return tuple(sorted(kept, key=lambda entry: entry.path))


def _targets(root: Path, pattern: str) -> list[str]:
    """Return where the links lead to that a path, with a pattern as its last part, leads to."""
    folder, _, name = pattern.rpartition("/")
    if not _WILD.search(name):
        return _target(root, pattern)
    try:
        names = sorted(os.listdir(root / folder))  # noqa: PTH208 - names alone
    except OSError:
        return []
    fits = compiled(name).fits
    return [target for each in names if fits(each) for target in _target(root, f"{folder}/{each}" if folder else each)]


def _target(root: Path, path: str) -> list[str]:
    try:
        text = os.readlink(root / path)  # noqa: PTH115 - the text, however odd
    except (OSError, ValueError):
        return []
    return [text if text.startswith("/") else posixpath.join(posixpath.dirname(path), text)]


def is_pattern(path: str) -> bool:
    """Whether the builder takes a source as a pattern."""
    try:
        compiled(path)
    except ValueError:
        return False
    return True
