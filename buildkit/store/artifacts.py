"""The content-addressed store: what was once made from the same inputs is taken from here.

    blobs/ab/<digest>[.z]    content by its own digest, which is checked at every read; `.z` is deflated
    actions/ab/<key>         what an action with this key made, as JSON behind its checksum
    locks/<key>              held while an action runs, so that no two processes do the same work at once

Entries are written beside their place and renamed, so they are whole or not there. A bad entry counts as none, is
deleted and reported once. A store that cannot be written (full disk, read-only) costs speed and nothing else.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import sys
import zlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from buildkit.core.fingerprint import digest_bytes
from buildkit.doors import files, locks
from buildkit.model import Digest

LAYOUT = "1"
_DEFLATE_LEVEL = 1


def default_folder(environment: Mapping[str, str]) -> Path:
    """Return the machine's store: `PYBUILDKIT_CACHE_DIR`, else a folder in the user's cache."""
    named = environment.get("PYBUILDKIT_CACHE_DIR")
    if named:
        return Path(named).expanduser().absolute()
    if sys.platform == "darwin":
        return Path("~/Library/Caches/pybuildkit").expanduser()
    return Path(environment.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "pybuildkit"


class Store:
    """The store in one folder.

    Args:
        folder: it is made at the first write.
        warn: told once about a bad entry or a store that cannot be written.
    """

    def __init__(self, folder: Path, warn: Callable[[str], None]) -> None:
        self.folder = folder / f"v{LAYOUT}"
        self._warn = warn
        self._writable = True

    def entries(self, key: Digest) -> list[dict[str, Any]]:
        """Return what actions with this key made, newest first; each entry says under which further conditions."""
        path = self._path("actions", key)
        text = self._read(path)
        if text is None:
            return []
        checksum, _, body = text.partition(b"\n")
        if digest_bytes(body).encode() == checksum:
            with contextlib.suppress(ValueError):
                found = json.loads(body)
                if isinstance(found, list):
                    return found
        self._bad(path)
        return []

    def add(self, key: Digest, entry: Mapping[str, Any], keep: int = 8) -> None:
        """Put `entry` before the others of this key, of which the newest `keep` stay."""
        others = [other for other in self.entries(key) if other != entry]
        body = json.dumps([entry, *others][:keep], separators=(",", ":"), sort_keys=True).encode()
        self._write(self._path("actions", key), digest_bytes(body).encode() + b"\n" + body)

    def put(self, content: bytes, *, deflate: bool = False) -> Digest:
        """Keep `content` and return its digest."""
        digest = digest_bytes(content)
        path = self._path("blobs", digest)
        if deflate:
            path = path.with_name(path.name + ".z")
        if not path.exists():
            self._write(path, zlib.compress(content, _DEFLATE_LEVEL) if deflate else content)
        return digest

    def get(self, digest: Digest) -> bytes | None:
        """Return the content with this digest, None if the store has it not, or not whole."""
        plain = self._path("blobs", digest)
        for path in (plain, plain.with_name(plain.name + ".z")):
            content = self._read(path)
            if content is None:
                continue
            if path is not plain:
                content = _inflate(content)
            if content is not None and hashlib.sha256(content).hexdigest() == digest:
                return content
            self._bad(path)
        return None

    def has(self, digest: Digest) -> bool:
        """Return whether there is an entry for this digest; whether it is whole shows when it is read."""
        plain = self._path("blobs", digest)
        return plain.exists() or plain.with_name(plain.name + ".z").exists()

    @contextlib.contextmanager
    def alone(self, key: Digest) -> Iterator[None]:
        """Be the only one on this machine that runs the action with this key."""
        with contextlib.ExitStack() as stack:
            if self._writable:
                try:
                    stack.enter_context(locks.held(self.folder / "locks" / key[:3]))
                except OSError as error:
                    self._give_up(error)
            yield

    def _path(self, kind: str, digest: str) -> Path:
        return self.folder / kind / digest[:2] / digest

    def _read(self, path: Path) -> bytes | None:
        try:
            return path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            self._warn(f"store: {path.name}: {os.strerror(error.errno or 0)}; made anew")
            return None

    def _write(self, path: Path, content: bytes) -> None:
        if not self._writable:
            return
        try:
            files.write(path, content)
        except OSError as error:
            self._give_up(error)

    def _bad(self, path: Path) -> None:
        self._warn(f"store: {path.name[:12]}… is damaged; deleted, made anew")
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)

    def _give_up(self, error: OSError) -> None:
        if self._writable:
            self._writable = False
            why = os.strerror(error.errno or 0)
            self._warn(f"store: {self.folder.parent} cannot be written ({why}); nothing is kept")


def _inflate(content: bytes) -> bytes | None:
    try:
        return zlib.decompress(content)
    except zlib.error:
        return None
