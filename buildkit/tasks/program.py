"""`python -m buildkit COMMAND`: what `invoke COMMAND` does, in a project that has no tasks.py."""

from __future__ import annotations

import sys

from invoke.program import Program

from buildkit import __version__
from buildkit.tasks import ns


def main() -> None:
    """Run the command that the arguments name, and exit with its code."""
    program = Program(version=__version__, namespace=ns, name="buildkit", binary="python -m buildkit")
    program.run(["buildkit", *sys.argv[1:]])
