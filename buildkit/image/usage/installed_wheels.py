"""Which wheel an installed package came from, as far as its files say."""

from __future__ import annotations

from pathlib import Path

from buildkit.doors import reading
from buildkit.image.usage.inventory import Distribution

_PARTS = 2


def tags_of(package: Distribution) -> tuple[str, ...]:
    """Return the tags of the wheel that was installed, such as `py3-none-any`; none if nothing says them.

    Those of a wheel that was built here (`linux_x86_64`) are left out: no index has it.
    """
    for path in package.files:
        if path.endswith(".dist-info/WHEEL"):
            try:
                lines = reading.read_text(Path(package.folder) / path).splitlines()
            except (OSError, ValueError):
                return ()
            tags = [line.partition(":")[2].strip() for line in lines if line.startswith("Tag:")]
            return tuple(tag for tag in tags if tag.count("-") == _PARTS and "-linux_" not in tag)
    return ()
