"""What a build is about to put in its place, written down before it does.

A build that is killed before it records would else leave files of which nobody knows that the suite made them: an
extension would outlive its source, or stand in for one that was edited. One line a file, appended; gone once recorded.
"""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path

from buildkit.doors import files
from buildkit.model import Digest


class Begun:
    """The list in one file. Only who alone works on the tree writes to it.

    Args:
        file: beside the state.
    """

    def __init__(self, file: Path) -> None:
        self._file = file

    def add(self, subject: str, path: str, digest: Digest) -> None:
        """Say that `subject` is about to have a file `path` with that digest; safe from many threads.

        Raises:
            OSError: the disk is full or read-only.
        """
        line = "\n" + json.dumps([subject, path, digest])  # a cut line before it ends here
        descriptor = os.open(self._file, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
        try:
            os.write(descriptor, line.encode())
        finally:
            os.close(descriptor)

    def read(self) -> dict[str, set[tuple[str, Digest]]]:
        """Return what was begun and never recorded: for each subject its files with their digests."""
        found: dict[str, set[tuple[str, Digest]]] = {}
        with contextlib.suppress(FileNotFoundError):
            for line in self._file.read_text("utf-8", "replace").splitlines():
                with contextlib.suppress(ValueError):
                    match json.loads(line):
                        case [str(subject), str(path), str(digest)]:
                            found.setdefault(subject, set()).add((path, Digest(digest)))
        return found

    def clear(self) -> None:
        """Forget it all: it is recorded."""
        files.remove(self._file)
