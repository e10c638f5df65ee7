"""Asks a build backend for a project's metadata: `python -m buildkit.dependencies.ask FOLDER ANSWER [--no-isolation]`.

It runs by itself since the backend is the project's code, which may print, and may end its process.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path


def main(arguments: Sequence[str]) -> int:
    """Write the version and the requirements as JSON to the file ANSWER."""
    from build import BuildBackendException, BuildException  # noqa: PLC0415 - a tenth of a second
    from build.util import project_wheel_metadata  # noqa: PLC0415 - the same
    from pyproject_hooks import default_subprocess_runner  # noqa: PLC0415 - comes with build

    service, answer, *flags = arguments
    try:
        isolated = "--no-isolation" not in flags
        metadata = project_wheel_metadata(service, isolated, runner=default_subprocess_runner)
    except (BuildBackendException, BuildException) as error:
        print(error, file=sys.stderr)  # noqa: T201 - told by who started this
        return 1
    found = {"version": metadata["Version"] or "", "requires": metadata.get_all("Requires-Dist") or []}
    Path(answer).write_text(json.dumps(found), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
