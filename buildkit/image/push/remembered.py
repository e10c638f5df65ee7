"""What was sent beside an image, kept here: nobody asks the registry for what it was given by the last push."""

from __future__ import annotations

import json
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from buildkit.core import untrusted
from buildkit.doors import files, reading
from buildkit.image.oci.layout import Layout
from buildkit.registry.reference import Reference


class Remembered:
    """Which lists of an image's contents a repository has beside the image that `latest` named.

    Args:
        layout: where that is kept.
        where: the repository.
    """

    def __init__(self, layout: Layout, where: Reference) -> None:
        self._place = layout.folder / "pushed.json"
        self._key = f"{where.host}/{where.name}"
        self._rows: dict[str, Any] = {}
        with suppress(OSError, ValueError):
            self._rows = untrusted.table(untrusted.json_of(reading.read(self._place, most=1 << 20)))

    def of(self, digest: str) -> set[str]:
        """Return the blobs that were sent with an image; nothing if the last one was another."""
        with suppress(ValueError, KeyError, TypeError):
            row = untrusted.table(self._rows[self._key])
            if row["image"] == digest:
                return {*untrusted.texts(row["blobs"])}
        return set()

    def note(self, digest: str, blobs: Iterable[str]) -> None:
        """Note what was sent with an image."""
        self._rows[self._key] = {"image": digest, "blobs": sorted(blobs)}
        files.write_if_changed(self._place, json.dumps(self._rows))
