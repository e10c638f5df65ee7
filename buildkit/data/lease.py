"""One worker per folder: a lock that dies with its holder, a record of who holds it, and a number that only rises.

The lock alone decides. The number (a fencing token: Kleppmann, "How to do distributed locking", 2016) is for volumes
whose locks can be lost while the holder lives: whoever finds a higher number at the end does not commit.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

from buildkit.data import generations
from buildkit.doors import clock, files, locks
from buildkit.errors import StageError


class Lease:
    """The right to work on one folder, held by this process.

    Args:
        folder: the data's folder.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.number = 0

    def begin(self) -> None:
        """Draw the next number and sign with it."""
        last = _owner(self._folder).get("number", 0)
        self.number = max(last if isinstance(last, int) else 0, generations.highest_number(self._folder)) + 1
        record = {"host": os.uname().nodename, "pid": os.getpid(), "since": clock.now(), "number": self.number}
        files.write(self._folder / "owner.json", json.dumps(record))

    def confirm(self) -> None:
        """Make sure that nobody has begun since.

        Raises:
            StageError: somebody has.
        """
        if _owner(self._folder).get("number") != self.number:
            raise StageError(
                f"data: {self.describe()} began while this process was working",
                hint="the locks of this volume do not hold; let one container alone refresh the data",
            )

    def describe(self) -> str:
        """Return who signed last, in words."""
        return describe(self._folder)


@contextlib.contextmanager
def held(folder: Path, *, wait: float | None, on_wait: Callable[[], None] | None = None) -> Iterator[Lease]:
    """Hold the lease of `folder` for the time of the block.

    Args:
        folder: the data's folder; it is made where it is missing.
        wait: seconds to wait for it; None for as long as it takes.
        on_wait: called once when somebody else holds it.

    Raises:
        Busy: somebody else still held it after `wait` seconds.
        OSError: the folder cannot be written.
    """
    with locks.held(folder / "lease.lock", wait=wait, on_wait=on_wait):
        yield Lease(folder)


def is_busy(folder: Path) -> bool:
    """Return whether somebody works on `folder` now; to ask disturbs nobody who asks at the same time.

    Raises:
        OSError: the folder cannot be written.
    """
    try:
        with locks.held(folder / "lease.lock", shared=True, wait=0):
            return False
    except locks.Busy:
        return True


def describe(folder: Path) -> str:
    """Return who signed last, such as `process 41 on api-7`."""
    owner = _owner(folder)
    return f"process {owner.get('pid', '?')} on {owner.get('host', '?')}"


def _owner(folder: Path) -> dict[str, object]:
    with contextlib.suppress(OSError, ValueError):
        values = json.loads((folder / "owner.json").read_bytes())
        if isinstance(values, dict):
            return values
    return {}
