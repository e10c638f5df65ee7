"""The build context: the files that the builder would be sent, found without asking it."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from buildkit.core.fingerprint import digest_bytes
from buildkit.core.ignore import Ignore, Verdict, parse
from buildkit.doors import reading
from buildkit.doors.statcache import StatCache
from buildkit.model import Digest


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing in the context.

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
    """

    root: Path
    entries: tuple[Entry, ...]

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(entry.size for entry in self.entries)

    def largest(self, count: int) -> list[tuple[str, int]]:
        """Return the `count` top-level files and folders with the most bytes, the largest first."""
        sizes: dict[str, int] = {}
        for entry in self.entries:
            top = entry.path.partition("/")[0]
            sizes[top] = sizes.get(top, 0) + entry.size
        return sorted(sizes.items(), key=lambda item: (-item[1], item[0]))[:count]


def ignore_rules(root: Path, dockerfile: Path) -> Ignore:
    """Return the rules for a build of `dockerfile`: those in `<Dockerfile>.dockerignore`, else the context's own.

    Raises:
        ConfigurationError: a line is no valid pattern.
    """
    for file in (dockerfile.with_name(f"{dockerfile.name}.dockerignore"), root / ".dockerignore"):
        if file.is_file():
            return parse(reading.read_text(file, errors="replace"), file.name)
    return Ignore()


def scan(root: Path, ignore: Ignore) -> Context:
    """Return the context of a build in `root`. Links are not followed: the builder gets them as links."""
    return Context(root, tuple(sorted(_walk(root, "", ignore, None), key=lambda entry: entry.path)))


def _walk(root: Path, folder: str, ignore: Ignore, above: Verdict | None) -> Iterator[Entry]:
    with os.scandir(root / folder) as found:
        for item in found:
            path = f"{folder}/{item.name}" if folder else item.name
            verdict = ignore.judge(path, above)
            if item.is_dir(follow_symlinks=False):
                if verdict.ignored and not ignore.may_keep_within(path):
                    continue
                inside = list(_walk(root, path, ignore, verdict))
                if inside or not verdict.ignored:
                    yield Entry(path, item.stat().st_mode, 0)
                yield from inside
            elif not verdict.ignored:
                about = item.stat(follow_symlinks=False)
                if not stat.S_ISSOCK(about.st_mode):
                    yield Entry(path, about.st_mode, about.st_size if stat.S_ISREG(about.st_mode) else 0)


def digests(context: Context, cache: StatCache) -> dict[str, Digest]:
    """Return the digest of every entry by `context PATH`: over content and permissions, which both enter a layer."""
    return {f"context {entry.path}": _digest(context.root, entry, cache) for entry in context.entries}


def _digest(root: Path, entry: Entry, cache: StatCache) -> Digest:
    content = ""
    if stat.S_ISREG(entry.mode):
        content = cache.digest(f"{root}/{entry.path}")
    elif stat.S_ISLNK(entry.mode):
        content = os.readlink(root / entry.path)  # noqa: PTH115 - the text of the link, however odd
    return digest_bytes(f"{entry.mode:o} {content}".encode("utf-8", "surrogateescape"))
