"""All checks of a Dockerfile, in the order in which they are told."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from buildkit.image.review import bases, burden, caches, order, secrets, start
from buildkit.image.review.build import Build
from buildkit.image.review.finding import Remark

CHECKS: tuple[Callable[[Build], Iterator[Remark]], ...] = (
    secrets.findings,
    start.findings,
    order.findings,
    caches.findings,
    burden.findings,
    bases.findings,
)
_ALLOWED = re.compile(r"\s*#\s*buildkit:\s*allow\s+([\w, -]+)")


def review(build: Build, text: str) -> list[Remark]:
    """Return what is found in a Dockerfile, by line, without what its author allows.

    Args:
        build: the build.
        text: its text.
    """
    found = sorted((each for check in CHECKS for each in check(build)), key=lambda each: (bool(each.file), each.line))
    return [each for each in found if each.file or each.code not in allowed(text, each.line)]


def allowed(text: str, line: int) -> frozenset[str]:
    """Return the codes that the comments right above a line allow."""
    lines = text.splitlines()
    found: set[str] = set()
    above = line - 2
    while 0 <= above < len(lines) and lines[above].lstrip().startswith("#"):
        match = _ALLOWED.match(lines[above])
        found |= {word for word in re.split(r"[,\s]+", match[1]) if word} if match else set()
        above -= 1
    return frozenset(found)
