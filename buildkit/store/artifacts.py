"""The content-addressed store: results are taken from here if they were once made from the same inputs.

    blobs/ab/<digest>[.z|.o] content by its own digest, which is checked at every read; `.z` is deflated, `.o` an object
    actions/ab/<key>         what an action with this key made, as JSON behind its checksum
    locks/<key>              held while an action runs, so that no two processes do the same work at once
    pruned                   its time stamp says when the store was last pruned

What an action made names blobs: `output` is what a restore takes, so an entry is useless without it; `c` and `object`
are the intermediates, read only to make the output again.

Entries are written beside their place and renamed, so they are whole or not there. A damaged entry is treated as
missing, deleted and reported once. A store that cannot be written (full disk, read-only) costs speed and nothing else.
The time stamp of an action says, to a day, when it was last used; a blob is as young as the youngest action that names
it.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from buildkit.core import untrusted
from buildkit.core.fingerprint import digest_bytes
from buildkit.core.untrusted import Odd
from buildkit.doors import clock, files, locks, reading
from buildkit.model import Digest
from buildkit.store import place

LAYOUT = "1"
DEFLATED = ".z"
OBJECT = ".o"
BLOBS = ("output", "object", "c")
"""What an action may name: what a restore takes, then what only a new compilation needs."""

KEEP = 8
"""How many entries one action has at most: it is the same module with other files read, or with other headers."""

MOST_CONTENT = 512 << 20
"""Bytes of one blob, deflated or not: no extension and no C of one has so many."""

MOST_ACTION = 64 << 20
"""Bytes of one action."""

CONTENT_DIFFERS = "its content is not what its name says"

_DEFLATE_LEVEL = 1
_DAY = 86400.0
_PATIENCE = 2.0
"""Seconds after which it is said for whom one waits."""


def store_folder(environment: Mapping[str, str]) -> Path:
    """Return the store's folder: `PYBUILDKIT_CACHE_DIR`, or else a folder in the user's cache."""
    return place.find(environment).folder


def usable_folder(environment: Mapping[str, str]) -> Path | None:
    """Return the store's folder, None if it must not be used."""
    found = place.find(environment)
    return None if found.problem else found.folder


def of_machine(
    environment: Mapping[str, str], warn: Callable[[str], None], say: Callable[[str], None] | None = None
) -> Store:
    """Return the machine's store; if its folder must not be used, a store that is always empty and keeps nothing."""
    found = place.find(environment)
    return Store(found.folder, warn, say, problem=found.problem, shared=found.shared)


class Store:
    """The store in one folder.

    Args:
        folder: it is made at the first write.
        warn: called with a message for each damaged entry, and once if the store cannot be written.
        say: called with a message while another process is waited for; `warn` if None.
        problem: why the store must not be used; empty if it may be.
        shared: entries of other users count, too: a group shares it.

    `grew` says whether anything was written through this object.
    """

    def __init__(
        self,
        folder: Path,
        warn: Callable[[str], None],
        say: Callable[[str], None] | None = None,
        *,
        problem: str = "",
        shared: bool = False,
    ) -> None:
        self.folder = folder / f"v{LAYOUT}"
        self.grew = False
        self.problem = problem
        self._warn = warn
        self._say = say or warn
        self._warned = False
        self._writable = not problem
        self._owners = None if shared else frozenset({0, os.geteuid()})

    def entries(self, key: Digest) -> list[dict[str, Any]]:
        """Return the entries of this key, newest first: what the action made, and from which further inputs."""
        path = self.path("actions", key)
        text = self._read(path, MOST_ACTION)
        if text is None:
            return []
        found = parse_action(text)
        if found is None:
            self._bad(path)
            return []
        _mark(path)
        return found

    def add(self, key: Digest, entry: Mapping[str, Any], keep: int = KEEP) -> None:
        """Add an entry to this key as the newest one; the newest `keep` entries stay."""
        known = self.entries(key)
        entries = [entry, *(other for other in known if other != entry)][:keep]
        if entries != known:
            self._write(self.path("actions", key), action_text(entries))

    def put(self, content: bytes, *, deflate: bool = False) -> Digest:
        """Keep `content` and return its digest."""
        digest = digest_bytes(content)
        path = self.path("blobs", digest, DEFLATED if deflate else "")
        if not self._marked(path):
            self._write(path, zlib.compress(content, _DEFLATE_LEVEL) if deflate else content)
        return digest

    def put_object(self, content: bytes) -> Digest:
        """Store an object file; objects are pruned first."""
        digest = digest_bytes(content)
        path = self.path("blobs", digest, OBJECT)
        if not self._marked(path):
            self._write(path, content)
        return digest

    def get(self, digest: Digest) -> bytes | None:
        """Return the content with this digest, None if it is missing or damaged."""
        found = self.find(digest)
        return None if found is None else found[2]

    def find(self, digest: Digest) -> tuple[Path, bytes, bytes] | None:
        """Return the path of a content, its bytes as stored, and itself; None if it is missing or damaged."""
        for ending in ("", DEFLATED, OBJECT) if untrusted.is_digest(digest) else ():
            path = self.path("blobs", digest, ending)
            kept = self._read(path, MOST_CONTENT)
            if kept is None:
                continue
            content = blob(digest, kept, deflated=ending == DEFLATED)
            if content is not None:
                return path, kept, content
            self._bad(path)
        return None

    def has(self, digest: Digest) -> bool:
        """Return whether there is an entry for this digest; whether it is whole shows when it is read."""
        return (
            not self._refused()
            and untrusted.is_digest(digest)
            and any(self.path("blobs", digest, ending).exists() for ending in ("", DEFLATED, OBJECT))
        )

    @contextlib.contextmanager
    def exclusive(self, key: Digest) -> Iterator[None]:
        """Hold the lock of this action, so that only one process on this machine runs it."""
        place = self.folder / "locks" / key[:3]

        def waits() -> None:
            self._say(f"store: waiting for {locks.describe(place)}: it makes the same")

        with contextlib.ExitStack() as stack:
            if self._writable:
                try:
                    lock = stack.enter_context(locks.held(place, on_wait=waits, notify_after=_PATIENCE))
                    if lock.instead_of:
                        self._warn(f"store: {lock.instead_of} stands still: going on without it")
                except OSError as error:
                    self._give_up(error)
            yield

    def path(self, kind: str, digest: str, ending: str = "") -> Path:
        """Return where the entry lies: `kind` is `actions` or `blobs`."""
        return self.folder / kind / digest[:2] / f"{digest}{ending}"

    def _refused(self) -> bool:
        """Return whether the store must not be used; warn once."""
        if self.problem and not self._warned:
            self._warned = True
            what = "there is none" if str(self.folder.parent) == os.devnull else f"{self.folder.parent} is not used"
            self._warn(f"store: {what}: {self.problem}; nothing is kept")
        return bool(self.problem)

    def _read(self, path: Path, most: int) -> bytes | None:
        if self._refused():
            return None
        try:
            return reading.read(path, most=most, owners=self._owners)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            self._warn(f"store: {path.name}: {error.strerror}; made anew")
            return None

    def _marked(self, path: Path) -> bool:
        """Return whether the entry exists and its owner is trusted; mark it as used."""
        try:
            owner = path.stat().st_uid
        except OSError:
            return False
        _mark(path)
        return self._owners is None or owner in self._owners

    def _write(self, path: Path, content: bytes) -> None:
        if not self._writable:
            return
        try:
            files.write(path, content)
        except OSError as error:
            self._give_up(error)
        else:
            self.grew = True

    def _bad(self, path: Path) -> None:
        self._warn(f"store: {path.name[:12]}… is damaged; deleted, made anew")
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)

    def _give_up(self, error: OSError) -> None:
        if self._writable:
            self._writable = False
            why = os.strerror(error.errno or 0)
            self._warn(f"store: {self.folder.parent} cannot be written ({why}); nothing is kept")


def parse_action(text: bytes) -> list[dict[str, Any]] | None:
    """Return the entries that the text of an action holds, None if it is damaged.

    An entry names blobs by digests and by nothing else, since a name becomes a path. Other fields are checked by their
    readers (`extensions.entries`).
    """
    checksum, _, body = text.partition(b"\n")
    if digest_bytes(body).encode() == checksum:
        with contextlib.suppress(Odd):
            return [_entry(each) for each in untrusted.rows(untrusted.json_of(body, MOST_ACTION))]
    return None


def _entry(value: object) -> dict[str, Any]:
    found = untrusted.table(value)
    for name in BLOBS:
        if found.get(name, "") != "":
            untrusted.digest(found[name])
    for each in untrusted.rows(found.get("outputs", [])):
        untrusted.digest(each)
    return found


def action_text(entries: Sequence[Mapping[str, Any]]) -> bytes:
    """Return the text of an action with these entries."""
    body = json.dumps(entries, separators=(",", ":"), sort_keys=True).encode()
    return digest_bytes(body).encode() + b"\n" + body


def blob(digest: str, kept: bytes, *, deflated: bool) -> bytes | None:
    """Return the content of a blob from its stored bytes, None if it does not match the digest."""
    content = kept
    if deflated:
        opened = zlib.decompressobj()
        try:
            content = opened.decompress(kept, MOST_CONTENT)
        except zlib.error:
            return None
        if not opened.eof or opened.unused_data:
            return None
    return content if hashlib.sha256(content).hexdigest() == digest else None


def _mark(path: Path) -> None:
    """Set the time stamp of an entry to now, at most once a day; errors are ignored."""
    with contextlib.suppress(OSError):
        if clock.now() - path.stat().st_mtime > _DAY:
            os.utime(path)
