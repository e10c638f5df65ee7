"""The build context: the files that would be sent to the builder, found without the builder."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from buildkit.core.fingerprint import digest_bytes
from buildkit.doors import reading
from buildkit.doors.statcache import StatCache
from buildkit.errors import ImageError
from buildkit.image.ignore.rules import Ignore
from buildkit.image.ignore.sieve import Sieve
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


def ignore_file(root: Path, dockerfile: Path) -> Path | None:
    """Return the file with the rules for a build of `dockerfile`: `<Dockerfile>.dockerignore`, else the context's own.

    A folder of that name, or a link that leads nowhere, is none, as for the builder.
    """
    for file in (dockerfile.with_name(f"{dockerfile.name}.dockerignore"), root / ".dockerignore"):
        if file.is_file():
            return file
    return None


def ignore_text(root: Path, dockerfile: Path) -> str:
    """Return the rules for a build of `dockerfile`; empty if there are none.

    Raises:
        ImageError: the file cannot be read.
    """
    file = ignore_file(root, dockerfile)
    try:
        text = "" if file is None else reading.read_text(file, errors="surrogateescape")
    except OSError as error:
        raise ImageError(
            f"{file} cannot be read: {error.strerror}", hint="without its rules too much would be sent; mend its rights"
        ) from error
    return text.removeprefix("\ufeff")


Hear = Callable[[str, "os.DirEntry[str]", bool], None]
"""Is told of an ignored path, of its entry in the folder, and of whether the walk goes on inside."""


def scan(root: Path, ignore: Ignore, watched: Collection[str] = (), hear: Hear | None = None) -> Context:
    """Return the context of a build in `root`. Links are not followed: the builder gets them as links.

    Args:
        root: the folder.
        ignore: the parsed ignore rules.
        watched: rules whose excluded paths are listed in `withheld`.
        hear: called with every ignored path that the walk comes to, a folder before what is in it.
    """
    walk = _Walk(root, ignore, frozenset(watched), hear)
    entries = sorted(walk.all(), key=lambda entry: entry.path)
    return Context(root, tuple(entries), tuple(sorted(walk.withheld)))


class _Walk:
    """A walk through the context."""

    def __init__(self, root: Path, ignore: Ignore, watched: frozenset[str], hear: Hear | None) -> None:
        self._root = root
        self._ignore = ignore
        self._sieve = Sieve(ignore)
        self._watched = watched
        self._withholds = Sieve(Ignore([rule for rule in ignore.rules if rule.text in watched]))
        self._hear = hear
        self.withheld: list[str] = []

    def all(self) -> Iterator[Entry]:
        """Yield the entries of the build, in no order. No recursion: a tree may be deeper than Python's stack."""
        waiting = [("", self._sieve.at_top, False)]
        unless_empty: dict[str, int] = {}
        while waiting:
            folder, above, is_ignored = waiting.pop()
            for item in self._inside(folder, is_ignored=is_ignored):
                path = f"{folder}/{item.name}" if folder else item.name
                ignored, hits = self._sieve.judge(path, above)
                goes_on = item.is_dir(follow_symlinks=False) and not (
                    ignored and not self._ignore.may_keep_within(path)
                )
                if ignored:
                    self._note(path)
                    if self._hear is not None:
                        self._hear(path, item, goes_on)
                if goes_on:
                    waiting.append((path, hits, ignored))
                    if ignored:
                        unless_empty[path] = item.stat(follow_symlinks=False).st_mode
                if not ignored:
                    with contextlib.suppress(FileNotFoundError):  # the builder passes over what is gone meanwhile
                        yield _entry(path, item)
                        yield from _above(path, unless_empty)

    def _inside(self, folder: str, *, is_ignored: bool) -> list[os.DirEntry[str]]:
        """Return what is in a folder; nothing of an ignored one that cannot be read, which the builder passes over."""
        try:
            with os.scandir(self._root / folder) as found:
                return list(found)
        except FileNotFoundError:
            return []
        except PermissionError as error:
            if is_ignored:
                return []
            raise ImageError(
                f"{folder} cannot be read, and is in the build context", hint="keep it out with .dockerignore"
            ) from error

    def _note(self, path: str) -> None:
        """Note an ignored path if one of the watched rules keeps it out."""
        if self._watched and self._withholds.judge(path, self._withholds.at_top)[0]:
            rule = self._ignore.explain(path).rule
            if rule is not None and rule.text in self._watched:
                self.withheld.append(path)


def _entry(path: str, item: os.DirEntry[str]) -> Entry:
    """Return a file, folder or link as it is sent: a socket as an empty file."""
    about = item.stat(follow_symlinks=False)
    return Entry(path, about.st_mode, about.st_size if stat.S_ISREG(about.st_mode) else 0)


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
