"""The tree that extensions go to: put there whole, taken away only where the suite made them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from buildkit.doors import files, locks
from buildkit.extensions.memory import Memory
from buildkit.model import Digest, Outcome
from buildkit.store.artifacts import Store


class Basis(Protocol):
    """What a translation rests on: every file that it read, with its digest, and every other place it looked at."""

    @property
    def read(self) -> Mapping[str, Digest]:
        """Every file that was read, by its portable name."""

    @property
    def probes(self) -> tuple[str, ...]:
        """Every other place: `+NAME` was there, `-NAME` was not."""


@dataclass(frozen=True, slots=True)
class Done:
    """What one subject came to, with what is to be remembered of it.

    Args:
        outcome: the row.
        basis: what it rests on; None if it would not happen again with the same inputs.
        outputs: the digest of each file that was made, by its path; empty where it failed.
        headers: names of the headers that the compilers read.
        as_recorded: whether the record that there is holds still.
    """

    outcome: Outcome
    basis: Basis | None = None
    outputs: Mapping[str, Digest] = field(default_factory=dict)
    headers: tuple[str, ...] = ()
    as_recorded: bool = False


class Tree:
    """The extensions in one folder.

    Args:
        folder: where they go.
        memory: knows what the suite made there, and is told what it is about to make.

    `lock` is what lets this process alone change it; whoever stood still for long may have lost it meanwhile, and then
    puts nothing over what another one made of newer sources. Changes raise `Overtaken` then.
    """

    def __init__(self, folder: Path, memory: Memory) -> None:
        self.folder = folder
        self._memory = memory
        self.lock: locks.Held | None = None

    def digest(self, path: str) -> Digest:
        """Return the digest of the file at `path`, relative to the folder."""
        return self._memory.cache.digest(f"{self.folder}/{path}")

    def keep(self, path: str) -> None:
        """Let the next look know the file at `path` by its stamps, where they can be trusted."""
        self._memory.cache.keep(f"{self.folder}/{path}")

    def subjects(self) -> list[str]:
        """Return every subject that has, or may have, a file of ours here."""
        return [*dict.fromkeys((*self._memory.state.records, *self._memory.unrecorded))]

    def recognize(self, found: Iterable[tuple[str, str]], store: Store) -> None:
        """Take those of the files as made by the suite that the store has: their record is lost.

        Otherwise an extension would stay when its source is gone.

        Args:
            found: modules, each with the path of its extension.
            store: knows what the suite made.
        """
        for name, path in found:
            digest = files.digest_file(self.folder / path)
            if store.has(digest):
                self._memory.unrecorded.setdefault(name, set()).add((path, digest))

    def put(self, subject: str, path: str, digest: Digest, content: bytes) -> None:
        """Put a file in its place; an equal one is left untouched.

        Raises:
            OSError: the disk is full or read-only.
        """
        if self.digest(path) != digest:
            self.require()
            self._memory.begun.add(subject, path, digest)
            place = self.folder / path
            with files.staged(place, 0o775) as (descriptor, temporary):
                files.fill(descriptor, content)
                self.require()
                os.replace(temporary, place)  # noqa: PTH105 - both are known to exist
            self._memory.cache.forget(str(place))

    def hide(self, path: str) -> None:
        """Take a file away that is put there again at once, or else at the next build."""
        self.require()
        files.remove(self.folder / path)
        self._memory.cache.forget(f"{self.folder}/{path}")

    def clear(self, path: str) -> None:
        """Delete what lies in the place of an extension, whoever made it. A folder stays: Python passes over it."""
        if not (self.folder / path).is_dir():
            self.hide(path)

    def take_away(self, subject: str, *, but: Mapping[str, Digest] | None = None) -> str:
        """Delete what the suite made for a subject; return the path of a file that was changed since, which stays.

        Args:
            subject: whose files.
            but: files that stay, by their path.
        """
        self.require()
        own = self._own(subject)
        left = ""
        for path in {path for path, _ in own if path not in (but or {})}:
            place = self.folder / path
            if (path, self.digest(path)) in own:
                files.remove(place)
                self._memory.cache.forget(str(place))
            elif place.exists():
                left = str(place)
        return left

    def has(self, subject: str) -> bool:
        """Return whether there is anything that the suite made for a subject, as it made it."""
        return any(self.digest(path) == digest for path, digest in self._own(subject))

    def _own(self, subject: str) -> set[tuple[str, Digest]]:
        record = self._memory.state.records.get(subject)
        return {*(record.outputs.items() if record else ()), *self._memory.unrecorded.get(subject, ())}

    def require(self) -> None:
        """See that nobody has taken the lock meanwhile.

        Raises:
            Overtaken: somebody has.
        """
        if self.lock is not None:
            self.lock.require()

    def worded(self, error: OSError) -> str:
        """Return what the disk refused, without the temporary name of what was to come to a place."""
        place = error.filename2 or error.filename
        return f"{os.path.relpath(place, self.folder)}: {error.strerror}" if place else str(error)
