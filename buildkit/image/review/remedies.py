"""An instruction as it would be better: the lines that take its place."""

from __future__ import annotations

import re

from buildkit.image.dockerfile import Instruction
from buildkit.image.review.installs import Install

_PROGRAMS = {"pip": r"pip[\d.]*", "uv": "uv", "apt": "(?:apt-get|apt|aptitude)", "dnf": "(?:microdnf|dnf|yum)"}


def with_flag(text: str, install: Install, flag: str) -> str:
    """Return the text of a shell with one more flag for an install."""
    program = _PROGRAMS.get(install.tool, install.tool)
    call = rf"\b{program}\s+(?:-\S+\s+)*{install.action.replace(' ', chr(92) + 's+')}\b"
    return re.sub(call, lambda match: f"{match[0]} {flag}", text, count=1)


def with_mount(text: str, place: str) -> str:
    """Return a `RUN` with a cache mount."""
    return re.sub(r"^RUN ", f"RUN --mount=type=cache,target={place} ", text, count=1)


def whole(instruction: Instruction, text: str = "", last: str = "") -> tuple[str, ...]:
    """Return the lines of an instruction with those of its here-documents.

    Args:
        instruction: the instruction.
        text: what stands in the place of its first line; itself if empty.
        last: a command that is added at its end.
    """
    first = text or instruction.written
    if not instruction.heredocs:
        return (f"{first} && {last}" if last else first,)
    out = [first]
    for heredoc in instruction.heredocs:
        out += [*heredoc.text.splitlines(), *([last] if last else []), heredoc.name]
        last = ""
    return tuple(out)
