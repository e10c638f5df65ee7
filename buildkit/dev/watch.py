"""Watches folders and yields batches of paths to look at. The only importer of watchfiles.

Each folder is watched without its subfolders, so that the virtual environment, caches and our own outputs cost no watch
and cause no wake-up. New folders are watched when they appear. A watcher may lose events: the kernel's queue can
overflow, or a new folder is filled before it is watched. So after a burst or a new folder the batch says to look at
everything.
"""

from __future__ import annotations

import contextlib
import errno
import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from buildkit.doors import reading
from buildkit.doors.clock import Stopwatch

STEP = 25
"""Milliseconds without a further event after which a batch is complete: an editor writes, renames and sets modes."""

TICK = 100
"""Milliseconds without an event after which a tick comes that brings nothing."""

LONGEST = 1600
"""Milliseconds after which a batch is passed on although events keep coming."""

BURST = 100
"""A tick with more events than this may have lost some."""

FEW = 8
"""Files that a person saves at once; more are a storm, such as a branch checkout or a formatter."""

CALM = 2
"""Ticks in a row without a further event after which a storm is over."""

PATIENCE = 10.0
"""Seconds after which the changes of a storm are passed on although it does not end."""

POLL = 0.3
"""Seconds between two looks when the operating system cannot report changes."""

LOCK_PATIENCE = 30.0
"""Seconds to wait for Git's lock; a lock that is older was left behind by a Git that crashed."""

LIMIT_REACHED = f"""the limit of watched folders is reached; looking for changes every {POLL:g} s instead
      to raise it: sudo sysctl fs.inotify.max_user_watches=524288 fs.inotify.max_user_instances=512"""


NO_EVENTS = f"changes cannot be watched ({{error}}); looking for them every {POLL:g} s instead"


@dataclass(frozen=True, slots=True)
class Batch:
    """The paths to look at.

    Args:
        paths: files that may have changed.
        everything: events may be missing; look at all files.
        pending: there are events that are not passed on yet, since more of them come.
    """

    paths: frozenset[str] = frozenset()
    everything: bool = False
    pending: bool = False

    def __bool__(self) -> bool:
        return self.everything or bool(self.paths)


class Stop(Protocol):
    """Says whether to stop, such as `threading.Event`."""

    def is_set(self) -> bool:
        """Return whether to stop."""


class Watched(Protocol):
    """Tells what to watch, as `Tree` does."""

    def folders(self) -> Sequence[str]:
        """Return the folders to watch, each without its subfolders."""

    def is_relevant(self, path: str) -> bool:
        """Return whether a change of this file matters."""


class Watch:
    """Watches one project. Iterate over it; a batch that is empty is a tick of the clock and comes about every 100 ms.

    The first batch comes once the folders are watched: changes from then on are seen.

    Args:
        watched: tells what to watch; it is asked again whenever folders come and go.
        warn: called with a warning for the user.
        git: the project's Git folder; None if there is none.
        stop: ends the watching.
    """

    def __init__(
        self,
        watched: Watched,
        warn: Callable[[str], None],
        *,
        git: Path | None,
        stop: Stop,
    ) -> None:
        self._watched = watched
        self._warn = warn
        self._lock = _GitLock(git, warn)
        self._stop = stop
        self._polling = False
        self._renew = False

    def renew(self, watched: Watched) -> None:
        """Use another set of folders and files from the next tick on."""
        self._watched = watched
        self._renew = True

    def __iter__(self) -> Iterator[Batch]:
        waiting: set[str] = set()
        everything = False
        calm = 0  # ticks in a row that brought nothing
        since = Stopwatch()
        for found, lost in self._ticks():
            since = since if waiting or everything else Stopwatch()
            waiting |= found
            everything |= lost
            calm = 0 if found or lost else calm + 1
            many = everything or len(waiting) > FEW
            if self._lock.held():
                everything |= bool(waiting)
            elif not many or calm >= CALM or since.seconds > PATIENCE:
                yield Batch(frozenset(waiting), everything)
                waiting, everything = set(), False
                continue
            yield Batch(pending=bool(waiting) or everything)

    def _ticks(self) -> Iterator[tuple[set[str], bool]]:
        """Yield, every 100 ms or sooner, the paths that events named, and whether further ones may be missing."""
        paths: set[str] = set()
        lost = False
        while not self._stop.is_set():
            folders = frozenset(self._watched.folders())
            self._renew = False
            for found in self._events(sorted(folders)):
                paths |= {path for path in found if self._watched.is_relevant(path)}
                if self._renew or any(path in folders or _is_folder(path) for path in found):
                    break
                yield paths, lost or len(found) > BURST
                paths, lost = set(), False
            lost = True

    def _events(self, folders: Sequence[str]) -> Iterator[set[str]]:
        """Yield the paths in the operating system's events; if it refuses to watch, those from polling from then on."""
        from watchfiles import watch  # noqa: PLC0415 - loaded when something is watched

        if self._polling:
            yield from self._polled(folders)
            return
        try:
            for changes in watch(
                *folders,
                watch_filter=None,
                debounce=LONGEST,
                step=STEP,
                rust_timeout=TICK,
                yield_on_timeout=True,
                recursive=False,
            ):
                if self._stop.is_set():  # asked at each tick alone: watchfiles would ask at each step
                    return
                yield {path for _, path in changes}
        except FileNotFoundError:
            return  # a folder went before it was watched
        except (OSError, RuntimeError) as error:
            self._polling = True
            self._warn(LIMIT_REACHED if _is_limit(error) else NO_EVENTS.format(error=error))

    def _polled(self, folders: Sequence[str]) -> Iterator[set[str]]:
        """Yield the paths that differ between two looks. The polling of watchfiles knows only whole seconds."""
        before = _states(folders)
        while not self._stop.is_set():
            yield set()
            time.sleep(POLL)
            after = _states(folders)
            yield {path for path in {*before, *after} if before.get(path) != after.get(path)}
            before = after


class _GitLock:
    """Git's index lock: while it is there, a checkout or rebase is under way and files come and go."""

    def __init__(self, folder: Path | None, warn: Callable[[str], None]) -> None:
        self._file = None if folder is None else folder / "index.lock"
        self._warn = warn
        self._since: Stopwatch | None = None
        self._warned = False

    def held(self) -> bool:
        """Return whether to wait for it."""
        if self._file is None or not self._file.exists():
            self._since, self._warned = None, False
            return False
        self._since = self._since or Stopwatch()
        if self._since.seconds < LOCK_PATIENCE:
            return True
        if not self._warned:
            self._warn(f"{self._file} has been there for {LOCK_PATIENCE:g} s; going on without waiting for Git")
            self._warned = True
        return False


def git_folder(project: Path) -> Path | None:
    """Return the Git folder of the checkout that `project` is in; a linked worktree has its own, named in a file."""
    for place in (project, *project.parents):
        entry = place / ".git"
        if entry.is_dir():
            return entry
        if entry.is_file():
            _, _, target = reading.read_text(entry, errors="replace").partition("gitdir:")
            return Path(os.path.normpath(place / target.strip()))
    return None


def _states(folders: Sequence[str]) -> dict[str, tuple[int, ...]]:
    """Return times, size and inode of each entry, which differ between versions; for a folder only that it exists."""
    states: dict[str, tuple[int, ...]] = {}
    for folder in folders:
        with contextlib.suppress(OSError), os.scandir(folder) as entries:
            for entry in entries:
                with contextlib.suppress(OSError):  # of one entry alone: a link that leads nowhere, say
                    states[entry.path] = _state(entry)
    return states


def _state(entry: os.DirEntry[str]) -> tuple[int, ...]:
    if entry.is_dir():
        return ()
    state = entry.stat()
    return state.st_mtime_ns, state.st_ctime_ns, state.st_size, state.st_ino  # a tool may set the first back


def _is_folder(path: str) -> bool:
    return os.path.isdir(path)  # noqa: PTH112 - one call for each event


def _is_limit(error: Exception) -> bool:
    """Recognize the error of a limit by its message, since watchfiles gives no errno.

    inotify(7) has limits on watches and on instances.
    """
    words = str(error)
    return "watch limit" in words or any(f"os error {number}" in words for number in (errno.ENOSPC, errno.EMFILE))
