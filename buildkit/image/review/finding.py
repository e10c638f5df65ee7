"""One thing that is found in a Dockerfile."""

from __future__ import annotations

from typing import NamedTuple


class Remark(NamedTuple):
    """One finding.

    Args:
        code: a word by which it is known: `layer-order`.
        line: the line that it is about.
        says: what it costs or risks.
        remedy: the lines to write instead.
        wrong: whether it is a fault; else it works, and could be better.
        file: the file, relative to the context; empty for the Dockerfile.
    """

    code: str
    line: int
    says: str
    remedy: tuple[str, ...] = ()
    wrong: bool = False
    file: str = ""

    def place(self, dockerfile: str) -> str:
        """Return file and line; the file is `dockerfile` where it names none itself."""
        return f"{self.file or dockerfile}:{self.line}"
