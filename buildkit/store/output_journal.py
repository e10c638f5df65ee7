"""A journal of the outputs that a build is about to write, each recorded before it is written.

Without it, a build that is killed before it records would leave files that no record mentions: an extension would
outlive its source, or be imported in the place of an edited one. Each file has one line, with a checksum before it; the
journal is deleted once the state is written.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
from pathlib import Path

from buildkit.core import untrusted
from buildkit.doors import files, reading
from buildkit.model import Digest
from buildkit.store import own_outputs

MOST = 256 << 20
"""Bytes of a list that is read."""


class OutputJournal:
    """The journal in one file. Only the holder of the build lock may write to it.

    Args:
        file: beside the state.

    `damaged` says whether the last `read` met a damaged line.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self.damaged = False

    def add(self, subject: str, path: str, digest: Digest) -> None:
        """Record that `path` with this digest is about to be written for `subject`; thread-safe.

        Raises:
            OSError: the disk is full or read-only.
        """
        body = json.dumps([subject, path, digest])
        line = f"\n{_checksum(body)} {body}".encode()  # a cut line before it ends here
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOFOLLOW
        descriptor = os.open(self._file, flags, files.MODE)
        try:
            if os.write(descriptor, line) < len(line):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self._file))
        finally:
            os.close(descriptor)

    def read(self) -> dict[str, set[tuple[str, Digest]]]:
        """Return what was begun and never recorded: for each subject its files with their digests."""
        found: dict[str, set[tuple[str, Digest]]] = {}
        self.damaged = False
        for line in filter(None, self._text().split("\n")):
            checksum, _, body = line.partition(" ")
            if checksum == _checksum(body):
                try:
                    subject, path, digest = untrusted.json_of(body)
                    own = own_outputs.require_own(subject, path, digest)
                    found.setdefault(str(subject), set()).add(own)
                except (ValueError, TypeError):
                    self.damaged = True
            else:
                self.damaged = True
        return found

    def clear(self) -> None:
        """Delete the journal, once the state is written."""
        files.remove(self._file)

    def _text(self) -> str:
        try:
            return reading.read(self._file, most=MOST).decode(errors="replace")
        except (FileNotFoundError, NotADirectoryError):
            return ""
        except OSError:
            return "?"


def _checksum(body: str) -> str:
    return hashlib.sha256(body.encode()).hexdigest()[:16]
