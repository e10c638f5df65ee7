"""A copy of the project in which its code runs: what its tests write, or a kill leaves, never meets the user's tree.

It lies always at the same place, so that what is made in it, and what names its paths, is the same from run to run.
"""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from buildkit.doors import files
from buildkit.model import WORK

_LEFT_OUT = frozenset(
    (
        WORK,
        ".git",
        ".hg",
        ".hypothesis",
        ".mypy_cache",
        ".nox",
        ".pytest_cache",
        ".ruff_cache",
        ".svn",
        ".tox",
        "__pycache__",
        "node_modules",
    )
)
_LARGE = 64 << 20
"""Bytes from which a file is no copy but shares its blocks, or where the disk cannot do that, is a link."""


@dataclass(frozen=True, slots=True)
class WorkingCopy:
    """The copy of one project.

    Args:
        origin: the project's folder.
        folder: the copy's.
        source_root: where the packages lie, relative to both.
        linked: folders and files, relative to the project, that the copy has as links: they may be large.
        natives: returns which of the files are extensions that may be of another state of the sources.
    """

    origin: Path
    folder: Path
    source_root: str
    linked: Collection[str]
    natives: Callable[[Collection[str]], Sequence[str]]

    @property
    def source(self) -> Path:
        """The copy's source root."""
        return self.folder / self.source_root

    def renew(self, extensions: Path, chosen: Collection[str]) -> None:
        """Make the copy as the project is, with some extensions and no others; only what differs is copied again.

        Bytecode in it stays, since it is checked by the sources: the second run of anything does not pay for it.

        Args:
            extensions: the folder that has them all.
            chosen: the paths of those to put beside their sources, relative to it.

        Raises:
            OSError: the disk is full, or a file cannot be read.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        found = list(self._files())
        root = f"{self.source_root}/" if self.source_root not in {"", "."} else ""
        inside = [name[len(root) :] for name in found if name.startswith(root) and not name.endswith("/")]
        wanted = {*found} - {f"{root}{name}" for name in self.natives(inside)}
        self._sweep("", wanted)
        for name in sorted(wanted):
            self._copy(name)
        self.put(extensions, chosen)

    def put(self, extensions: Path, chosen: Collection[str]) -> None:
        """Put extensions beside their sources in the copy.

        Args:
            extensions: the folder that has them all.
            chosen: the paths of those to put, relative to it.
        """
        for path in chosen:
            files.copy(extensions / path, self.source / path, mode=0o755)

    def remove(self, paths: Collection[str]) -> None:
        """Take extensions away again.

        Args:
            paths: theirs, relative to the source root.
        """
        for path in paths:
            files.remove(self.source / path)

    def _files(self) -> Iterator[str]:
        """Yield all that the copy is to have, relative to the project: folders with a slash, links and files."""
        waiting = [""]
        while waiting:
            place = waiting.pop()
            with os.scandir(self.origin / place) as entries:
                found = list(entries)
            if any(entry.name == "pyvenv.cfg" for entry in found):
                continue
            if place:
                yield place
            for entry in found:
                name = f"{place}{entry.name}"
                if entry.name in _LEFT_OUT:
                    continue
                if entry.is_symlink() or name in self.linked:
                    yield name
                elif entry.is_dir():
                    waiting.append(f"{name}/")
                elif entry.is_file():
                    yield name

    def _sweep(self, place: str, wanted: Collection[str]) -> None:
        """Delete from a folder of the copy what is not wanted there."""
        with os.scandir(self.folder / place) as entries:
            for entry in entries:
                name = f"{place}{entry.name}"
                if entry.is_dir(follow_symlinks=False):
                    if f"{name}/" in wanted:
                        self._sweep(f"{name}/", wanted)
                    elif entry.name != "__pycache__":
                        shutil.rmtree(entry.path, ignore_errors=True)
                elif name not in wanted:
                    files.remove(Path(entry.path))

    def _copy(self, name: str) -> None:
        """Make one folder, file or link of the copy, unless it is there as it should be."""
        source, target = self.origin / name, self.folder / name
        if name.endswith("/"):
            target.mkdir(exist_ok=True)
            return
        if source.is_symlink():
            _make_link(target, _lead(source, self.origin))
            return
        about = source.stat()
        if name in self.linked or stat.S_ISDIR(about.st_mode):
            _make_link(target, str(source))
            return
        mode = stat.S_IMODE(about.st_mode) | stat.S_IWUSR
        if _is_alike(target, about, mode):
            return
        files.remove(target)
        if about.st_size < _LARGE:
            shutil.copyfile(source, target)
            target.chmod(mode)
        elif not files.clone(source, target, mode=mode):
            _make_link(target, str(source))
            return
        os.utime(target, ns=(about.st_atime_ns, about.st_mtime_ns))


def _is_alike(target: Path, about: os.stat_result, mode: int) -> bool:
    """Return whether a file is as it was copied: what its stamp and its size say."""
    try:
        found = target.lstat()
    except OSError:
        return False
    return (found.st_size, found.st_mtime_ns, found.st_mode) == (about.st_size, about.st_mtime_ns, stat.S_IFREG | mode)


def _make_link(target: Path, leads: str) -> None:
    """Make a link, unless it is there."""
    if not (target.is_symlink() and os.readlink(target) == leads):  # noqa: PTH115 - the text of it
        files.remove(target)
        target.symlink_to(leads)


def _lead(source: Path, origin: Path) -> str:
    """Return where a link's copy leads: into the copy where it led into the project, else where it led."""
    leads = os.readlink(source)  # noqa: PTH115
    if not os.path.isabs(leads):  # noqa: PTH117
        end = Path(os.path.normpath(source.parent / leads))
        if not end.is_relative_to(origin):
            return str(end)
    return leads
