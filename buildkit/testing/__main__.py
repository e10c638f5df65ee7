"""Makes and drops throw-away databases for the tests of a project, as its stdin says; ends with it.

{"make": "database"}  →  {"url": "postgresql://…"}, or {"error": "…"}
{"drop": "postgresql://…"}  →  {}
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
from pathlib import Path

from buildkit.config import load
from buildkit.errors import BuildkitError, render
from buildkit.flows.throwaway import Throwaway, throwaway
from buildkit.report.console import Console


def main(project: str) -> int:
    """Answer every line of stdin with one of stdout; whatever else is said goes to stderr.

    What a test need not wait for is done after the answer: its database is dropped, and the next one is made.
    """
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    console = Console(os.environ)
    with contextlib.ExitStack() as stack:
        databases: Throwaway | None = None
        for line in sys.stdin:
            order = json.loads(line)
            answer: dict[str, str] = {}
            try:
                if databases is None:
                    config = load(Path(project), os.environ)
                    databases = stack.enter_context(throwaway(config, console, os.environ))
                if "make" in order:
                    answer = {"url": databases.make()}
            except BuildkitError as error:
                answer = {"error": render(error)}
            answers.write(json.dumps(answer) + "\n")
            answers.flush()
            if databases is not None:  # while the test goes on
                with contextlib.suppress(BuildkitError):  # what fails is tried again, and then told
                    if "drop" in order:
                        databases.drop(order["drop"])
                    databases.prepare()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
