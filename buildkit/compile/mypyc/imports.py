"""What the sources of a program may import."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable

from buildkit.doors import reading

_IMPORT = re.compile(
    rb"\bfrom\s+([\w.]+)\s+import\b|\bimport[ \t]+([\w.]+(?:[ \t]+as[ \t]+\w+)?(?:[ \t\\\n]*,[ \t\\\n]*[\w. \t]+)*)"
)


def imported(paths: Iterable[str]) -> list[str]:
    """Return the top-level names that the sources at `paths` import, and maybe some that they do not."""
    tops: set[bytes] = set()
    for path in paths:
        if path.endswith((".py", ".pyi")):
            with contextlib.suppress(OSError):
                for start, several in _IMPORT.findall(reading.read(path, most=reading.TEXT)):
                    tops |= {name.partition(b".")[0] for name in ([start] if start else _names(several))}
    texts = (top.decode("utf-8", "replace") for top in tops)
    return sorted(text for text in texts if text.isidentifier())


def _names(several: bytes) -> list[bytes]:
    return [part.split()[0] for part in several.replace(b"\\", b" ").split(b",") if part.split()]
