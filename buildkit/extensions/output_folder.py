"""The folder that extensions are written to: each is replaced as a whole, and deleted only if the suite made it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from buildkit.doors import files, locks
from buildkit.extensions.memory import Remembered
from buildkit.extensions.workspace import Workspace
from buildkit.model import ABSENT, Digest


class Foreign(Exception):  # noqa: N818 - a fact: the flow words it
    """A file lies where an output is to go, and the suite did not make it. Its path is the message."""


class OutputFolder:
    """The extensions in one folder, for the holder of its lock.

    Args:
        workspace: names the folder, and the list of what is under way.
        remembered: what the suite made there.
        lock: lets only this process change the folder. A process that was suspended for long may have lost it; changes
            raise `Overtaken` then, so that it replaces nothing that another one made from newer sources.
    """

    def __init__(self, workspace: Workspace, remembered: Remembered, lock: locks.Held) -> None:
        self._folder: Path = workspace.folder
        self._source = workspace.config.source
        self._has = workspace.store.has
        self._journal = workspace.memory.journal
        self._warn = workspace.console.warn
        self._remembered = remembered
        self._cache = remembered.cache
        self._lock = lock

    def digest(self, path: str) -> Digest:
        """Return the digest of the file at `path`, relative to the folder."""
        return self._cache.digest(f"{self._folder}/{path}")

    def put(self, subject: str, path: str, digest: Digest, content: bytes) -> None:
        """Put a file in its place; an equal one is left untouched.

        Raises:
            OSError: the disk is full or read-only.
        """
        if self.digest(path) != digest:
            self._lock.require()
            self._journal.add(subject, path, digest)
            place = self._folder / path
            with files.staged(place, 0o775) as (descriptor, temporary):
                files.write_all(descriptor, content)
                self._lock.require()
                os.replace(temporary, place)  # noqa: PTH105 - both are known to exist
            self._cache.forget(str(place))

    def put_header(self, subject: str, path: str, digest: Digest, content: bytes) -> bool:
        """Put a header beside its source, wherever extensions go: C compilers look for it there.

        Args:
            subject: the module that declares it.
            path: relative to the source root.
            digest: of its content.
            content: the header itself.

        Returns:
            Whether another one, or none, lay there.

        Raises:
            Foreign: a file lies there that the suite did not make.
            OSError: the disk is full or read-only.
        """
        place = self._source / path
        before = self._cache.digest(str(place))
        if before == digest:
            return False
        known = before == ABSENT or (path, before) in own_files(self._remembered, subject) or self._has(before)
        if not known or place.is_dir():
            raise Foreign(path)
        if self._source == self._folder:
            self.put(subject, path, digest, content)
        else:
            self._lock.require()
            files.write(place, content)
            self._cache.forget(str(place))
        return True

    def delete(self, path: str) -> None:
        """Delete a file that will be written again at once, or by the next build."""
        self._lock.require()
        files.remove(self._folder / path)
        self._cache.forget(f"{self._folder}/{path}")

    def delete_unless_folder(self, path: str) -> None:
        """Delete the file at an extension's path, whichever tool made it. A folder stays, since Python ignores it."""
        if not (self._folder / path).is_dir():
            self.delete(path)

    def take_away(self, subject: str) -> None:
        """Delete what the suite made for a subject, and say which file of it was changed since, which stays."""
        left = self.leave_only(subject, {})
        if left:
            self._warn(f"{left}: changed since it was made; left as it is")

    def leave_only(self, subject: str, outputs: Mapping[str, Digest]) -> str:
        """Delete what the suite made for a subject; return the path of a file that was changed since, which stays.

        Args:
            subject: whose files.
            outputs: files that stay, by their path.
        """
        self._lock.require()
        own = own_files(self._remembered, subject)
        left = ""
        for path in {path for path, _ in own if path not in outputs}:
            place = self._folder / path
            if (path, self.digest(path)) in own:
                files.remove(place)
                self._cache.forget(str(place))
            elif place.exists():
                left = str(place)
        return left

    def message(self, error: OSError) -> str:
        """Return the error's message with the final path instead of the temporary one."""
        place = error.filename2 or error.filename
        return f"{os.path.relpath(place, self._folder)}: {error.strerror}" if place else str(error)


def own_files(remembered: Remembered, subject: str) -> set[tuple[str, Digest]]:
    """Return the files that the suite made for a subject, or may have made: path and digest."""
    record = remembered.state.records.get(subject)
    return {*(record.outputs.items() if record else ()), *remembered.unrecorded.get(subject, ())}
