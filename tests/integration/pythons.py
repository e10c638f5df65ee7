"""The Pythons of this machine that have headers."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from buildkit.doors.process import run

ENOUGH = 3
REAL_PROGRAM = (
    "import os, sys, sysconfig\n"
    "if os.path.isfile(sysconfig.get_path('include') + '/Python.h'): print(os.path.realpath(sys.executable))"
)
"""What stands behind a name: pyenv's are scripts that need its variables, which a session does not get."""


def found_pythons() -> dict[str, Path]:
    """Return the Pythons on PATH, and those that pyenv keeps, by version: `3.13`. A skip, in CI a failure, if few."""
    kept = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    found: dict[str, Path] = {}
    for minor in range(10, 15):
        name = f"python3.{minor}"
        for candidate in (shutil.which(name), *sorted(kept.glob(f"3.{minor}.*/bin/{name}"))):
            program = run([str(candidate), "-c", REAL_PROGRAM]).stdout.strip() if candidate else ""
            if program:
                found.setdefault(f"3.{minor}", Path(program))
    if len(found) < ENOUGH:
        reason = f"{len(found)} Pythons with headers found, {ENOUGH} wanted"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return found
