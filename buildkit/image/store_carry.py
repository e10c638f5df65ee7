"""The text by which a builder packs the compile store of its cache mount, or unpacks one into it."""

from __future__ import annotations

import re

ARCHIVE = "store.tar.gz"
PACKED, UNPACKED = "store-archive", "store-unpacked"
"""The stages that are built: the one holds the archive, the other is done when that is in the mount."""

CARRIED = "carried"
"""The named context with the archive that is unpacked."""

_MOUNT = re.compile(r"--mount=type=cache,id=\S+,target=/cache/store")
_SUITE = "--mount=type=bind,from=buildkit,source=suite,target=/opt/suite"
_RUN = (
    'test -n "${ONCE}" && PYTHONPATH=/opt/suite PYBUILDKIT_CACHE_DIR=/cache/store '
    "/opt/tools/bin/invoke --search-root /opt/suite/buildkit"
)


def stages(dockerfile: str) -> str | None:
    """Return a Dockerfile of the suite with both stages at its end; None for one that compiles nothing in a mount.

    Args:
        dockerfile: its text, as it was written for one project: the names of its mounts are those of the project.
    """
    mount = _MOUNT.search(dockerfile)
    if mount is None:
        return None
    settings = "RUN echo '[tool.buildkit]' > pyproject.toml\n"  # of no project: what is in the store is told by itself
    first = f"ARG PYTHON_BUILD\nARG TARGETARCH\nARG ONCE\nWORKDIR /store\n{settings}"
    given = f"--mount=type=bind,from={CARRIED},target=/carried"
    return (
        f"{dockerfile.rstrip()}\n\n"
        f"FROM tools AS store-packed\n{first}"
        f"RUN {mount[0]} {_SUITE} {_RUN} cache.pack /store/{ARCHIVE} --all\n\n"
        f"FROM scratch AS {PACKED}\nCOPY --from=store-packed /store/{ARCHIVE} /\n\n"
        f"FROM tools AS {UNPACKED}\n{first}"
        f"RUN {mount[0]} {_SUITE} {given} {_RUN} cache.unpack /carried/{ARCHIVE}\n"
    )
