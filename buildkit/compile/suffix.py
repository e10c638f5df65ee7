"""The ending of this interpreter's extensions. A file of its own: the path where nothing changed loads no more."""

from __future__ import annotations

import _imp


def own_suffix() -> str:
    """Return the ending of the extensions of this interpreter, such as `.cpython-311-x86_64-linux-gnu.so`."""
    return _imp.extension_suffixes()[0]
