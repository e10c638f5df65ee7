"""The suite's own image files: one copy, used in a checkout and shipped in the wheel."""

from __future__ import annotations

from pathlib import Path

import buildkit

PACKAGE = Path(buildkit.__file__).parent
"""The suite itself: an image build gets a copy of it."""


def folder() -> Path:
    """Return the folder with Dockerfile, test.Dockerfile and compose.yaml.

    Raises:
        FileNotFoundError: the installation lacks them.
    """
    for place in (PACKAGE / "templates" / "docker", PACKAGE.parent / "docker"):
        if (place / "Dockerfile").is_file():
            return place
    raise FileNotFoundError(f"{PACKAGE}/templates/docker: the suite is not installed completely")
