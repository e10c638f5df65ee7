"""Archives of a store that are made by hand, and what a store has."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

from buildkit.core.fingerprint import digest_bytes
from buildkit.store.artifacts import Store
from buildkit.store.inventory import read_inventory

KEYS = [digest_bytes(bytes([number])) for number in range(4)]
X = f"v1/blobs/{digest_bytes(b'x')[:2]}/{digest_bytes(b'x')}"
PLACE = f"v1/actions/{KEYS[0][:2]}/{KEYS[0]}"


def contents(store: Store) -> dict[str, bytes]:
    """Return all that a store has, by path."""
    found = read_inventory(store.folder)
    return {str(one.path.relative_to(store.folder)): one.path.read_bytes() for one in (*found.actions, *found.blobs)}


def crafted(file: Path, *members: tuple[str, bytes], kind: bytes = tarfile.REGTYPE) -> Path:
    """Make an archive with members that nobody looked at: names and contents, all of one kind."""
    with tarfile.open(file, "w:gz") as made:
        for name, content in members:
            member = tarfile.TarInfo(name)
            member.type, member.size, member.linkname = kind, len(content), "/etc/passwd"
            made.addfile(member, io.BytesIO(content))
    return file
