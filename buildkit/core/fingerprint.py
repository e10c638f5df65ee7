"""Computes keys, and defines what enters them.

A key is the SHA-256 over the name and the digest of every part, in the order of the names. Parts are:

* the content of every file that was read, by its path relative to the source root (`source app/fast.py`,
  `header include/fast.h`) or, for a package, to its `site-packages` (`site numpy/__init__.pxd`);
* `absent` for every path that was looked for and did not exist, so that a file that appears there counts as a change;
* the toolchain by content and version (`toolchain cython`, `toolchain compiler`, `toolchain python`);
* settings by their value (`setting directives`, `setting flags`).

Not in a key: absolute paths, time stamps, the environment as such, the order of anything.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

from buildkit.model import Digest, Fingerprint


def digest_bytes(content: bytes) -> Digest:
    """Return the SHA-256 of `content`."""
    return Digest(hashlib.sha256(content).hexdigest())


def digest_value(value: object) -> Digest:
    """Return the digest of a setting: any value that JSON can express, with the keys of its tables sorted."""
    return digest_bytes(json.dumps(value, sort_keys=True, separators=(",", ":")).encode())


def fingerprint(parts: Mapping[str, Digest]) -> Fingerprint:
    """Return the fingerprint over `parts` (name → digest); the order of the mapping does not matter."""
    return Fingerprint(key_of(parts), parts)


def key_of(parts: Mapping[str, Digest]) -> Digest:
    """Return the key over `parts`: the encoding is unambiguous, since no name contains a line feed or a NUL."""
    text = "\n".join(f"{name}\0{parts[name]}" for name in sorted(parts))
    return digest_bytes(text.encode(errors="surrogateescape"))
