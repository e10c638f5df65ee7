"""The build context: the files that would be sent to the builder, found without the builder."""

from __future__ import annotations

import os
import stat
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from buildkit.core.fingerprint import digest_bytes
from buildkit.core.ignore import Ignore, Verdict, parse
from buildkit.doors import reading
from buildkit.doors.statcache import StatCache
from buildkit.model import Digest


@dataclass(frozen=True, slots=True)
class Entry:
    """A file, folder or link in the context.

    Args:
        path: relative to the context, with forward slashes.
        mode: its kind and permissions, as `stat` gives them.
        size: bytes of a file, 0 for anything else.
    """

    path: str
    mode: int
    size: int


@dataclass(frozen=True, slots=True)
class Context:
    """Everything that enters a build.

    Args:
        root: the folder.
        entries: files, links and folders, those above a kept file included, sorted by path.
        withheld: the paths that a rule in `watched` keeps out.
    """

    root: Path
    entries: tuple[Entry, ...]
    withheld: tuple[str, ...] = ()

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(entry.size for entry in self.entries)

    def withheld_in(self, folders: tuple[str, ...]) -> list[str]:
        """Return the withheld paths in these folders, each written with a slash at its end; never files of the root."""
        return [path for path in self.withheld if "/" in path and path.startswith(folders)]

    def largest(self, count: int) -> list[tuple[str, int]]:
        """Return the `count` top-level files and folders with the most bytes, the largest first."""
        sizes: dict[str, int] = {}
        for entry in self.entries:
            top = entry.path.partition("/")[0]
            sizes[top] = sizes.get(top, 0) + entry.size
        return sorted(sizes.items(), key=lambda item: (-item[1], item[0]))[:count]


def ignore_text(root: Path, dockerfile: Path) -> str:
    """Return the rules for a build of `dockerfile`: those in `<Dockerfile>.dockerignore`, else the context's own."""
    for file in (dockerfile.with_name(f"{dockerfile.name}.dockerignore"), root / ".dockerignore"):
        if file.is_file():
            return reading.read_text(file, errors="replace").removeprefix("\ufeff")
    return ""


def ignore_rules(root: Path, dockerfile: Path) -> Ignore:
    """Return `ignore_text`, parsed.

    Raises:
        ConfigurationError: a line is not a valid pattern.
    """
    return parse(ignore_text(root, dockerfile), f"{dockerfile.name}.dockerignore")


def scan(root: Path, ignore: Ignore, watched: Collection[str] = ()) -> Context:
    """Return the context of a build in `root`. Links are not followed: the builder gets them as links.

    Args:
        root: the folder.
        ignore: the parsed ignore rules.
        watched: rules whose excluded paths are listed in `withheld`.
    """
    walk = _Walk(root, ignore, frozenset(watched))
    entries = sorted(walk.all(), key=lambda entry: entry.path)
    return Context(root, tuple(entries), tuple(sorted(walk.withheld)))


class _Walk:
    """A walk through the context."""

    def __init__(self, root: Path, ignore: Ignore, watched: frozenset[str]) -> None:
        self._root = root
        self._ignore = ignore
        self._watched = watched
        self.withheld: list[str] = []

    def all(self) -> Iterator[Entry]:
        """Yield the entries of the build, in no order. No recursion: a tree may be deeper than Python's stack."""
        waiting: list[tuple[str, Verdict | None]] = [("", None)]
        unless_empty: dict[str, int] = {}
        while waiting:
            folder, above = waiting.pop()
            with os.scandir(self._root / folder) as found:
                for item in found:
                    entry, verdict = self._judged(f"{folder}/{item.name}" if folder else item.name, item, above)
                    if item.is_dir(follow_symlinks=False) and self._enters(entry.path, verdict):
                        waiting.append((entry.path, verdict))
                        if verdict.ignored:
                            unless_empty[entry.path] = entry.mode
                    if not (verdict.ignored or stat.S_ISSOCK(entry.mode)):
                        yield entry
                        yield from _above(entry.path, unless_empty)

    def _judged(self, path: str, item: os.DirEntry[str], above: Verdict | None) -> tuple[Entry, Verdict]:
        verdict = self._ignore.judge(path, above)
        if verdict.ignored and verdict.rule is not None and verdict.rule.text in self._watched:
            self.withheld.append(path)
        about = item.stat(follow_symlinks=False)
        return Entry(path, about.st_mode, about.st_size if stat.S_ISREG(about.st_mode) else 0), verdict

    def _enters(self, path: str, verdict: Verdict) -> bool:
        return not verdict.ignored or self._ignore.may_keep_within(path)


def _above(path: str, folders: dict[str, int]) -> Iterator[Entry]:
    """Yield the ignored folders above a kept path, and remove them from `folders`, so that each comes once."""
    place = path.rpartition("/")[0]
    while place:
        mode = folders.pop(place, None)
        if mode is not None:
            yield Entry(place, mode, 0)
        place = place.rpartition("/")[0]


def digests(context: Context, cache: StatCache) -> dict[str, Digest]:
    """Return the digest of every entry's content and permissions, which both enter a layer, by `context PATH`."""
    return {f"context {entry.path}": _digest(context.root, entry, cache) for entry in context.entries}


def _digest(root: Path, entry: Entry, cache: StatCache) -> Digest:
    content = ""
    if stat.S_ISREG(entry.mode):
        content = cache.digest(f"{root}/{entry.path}")
    elif stat.S_ISLNK(entry.mode):
        content = os.readlink(root / entry.path)  # noqa: PTH115 - the text of the link, however odd
    return digest_bytes(f"{entry.mode:o} {content}".encode("utf-8", "surrogateescape"))
