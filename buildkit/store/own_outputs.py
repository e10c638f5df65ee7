"""Checks that a recorded output may belong to its subject; a state that names another was not written by the suite."""

from __future__ import annotations

import re

from buildkit.core import untrusted
from buildkit.core.untrusted import Odd
from buildkit.model import LIBRARY, Digest

_SUFFIX = re.compile(r"\.(?:[\w-]+\.)*(?:so|pyd)")
"""How extensions end: `.cpython-311-x86_64-linux-gnu.so`, `.abi3.so`, `.pyd`."""

_HEADERS = (".h", "_api.h")
"""How the headers end that a module declares for others."""


def require_own(subject: object, path: object, digest: object) -> tuple[str, Digest]:
    """Check that `path` is where the extension, or a header, of the module or package `subject` would lie.

    Returns:
        Path and digest.

    Raises:
        Odd: the path cannot be the subject's; deleting it might delete a foreign file.
    """
    place = untrusted.text(subject).replace(".", "/")
    found = untrusted.path(path)
    stem, dot, rest = found.partition(".")
    inside = f"{place}/{place.rpartition('/')[2]}"
    if found in {f"{each}{ending}" for each in (place, inside) for ending in _HEADERS}:
        return found, untrusted.digest(digest)
    if stem not in {place, f"{place}{LIBRARY}", f"{place}/__init__"} or not _SUFFIX.fullmatch(f"{dot}{rest}"):
        raise Odd(f"{untrusted.shown(repr(found))} is no extension of {untrusted.shown(subject)}")
    return found, untrusted.digest(digest)
