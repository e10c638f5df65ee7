"""Which files may be a subject's. A memory that names others was not written by the suite, whatever its checksum."""

from __future__ import annotations

import re

from buildkit.core import untrusted
from buildkit.core.untrusted import Odd
from buildkit.model import LIBRARY, Digest

_SUFFIX = re.compile(r"\.(?:[\w-]+\.)*(?:so|pyd)")
"""How extensions end: `.cpython-311-x86_64-linux-gnu.so`, `.abi3.so`, `.pyd`."""


def require_own(subject: object, path: object, digest: object) -> tuple[str, Digest]:
    """Return path and digest of an extension that `subject` may have: one that lies where it would be imported from.

    Raises:
        Odd: it may not. Deleting it would delete what is not the suite's.
    """
    place = untrusted.text(subject).replace(".", "/")
    found = untrusted.path(path)
    stem, dot, rest = found.partition(".")
    if stem not in {place, f"{place}{LIBRARY}"} or not _SUFFIX.fullmatch(f"{dot}{rest}"):
        raise Odd(f"{untrusted.shown(repr(found))} is no extension of {untrusted.shown(subject)}")
    return found, untrusted.digest(digest)
