"""The labels by which an image says what it was built from and how it migrates, and how they are read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from buildkit.core import untrusted
from buildkit.release.sight import Image, Revisions

COMMIT = "org.opencontainers.image.revision"

HEAD, REVISIONS, CONTRACTING, AHEAD, DATA = (
    f"invoke-buildkit.{word}" for word in ("head", "revisions", "contracting", "ahead", "data")
)
"""The head of its revisions, all ids in order, those that take something away, what it does on a database that is
ahead of it, and a key of its data's stages."""

OF_COMMIT = frozenset({COMMIT, "org.opencontainers.image.created", "org.opencontainers.image.version"})
"""Labels that another commit changes, whatever is in the image."""

_RUNTIME = "buildkit.runtime"


def image_of(place: str, digest: str, platform: str, config: Mapping[str, Any], identity: str = "") -> Image:
    """Return an image from its configuration, as a registry or an engine gives it.

    Raises:
        Odd: it is malformed.
    """
    labels = untrusted.table(config.get("Labels") or {})
    values = {
        name: untrusted.text(labels.get(name, "")) for name in (COMMIT, HEAD, REVISIONS, CONTRACTING, AHEAD, DATA)
    }
    revisions = Revisions(
        values[HEAD], tuple(values[REVISIONS].split()), tuple(values[CONTRACTING].split()), values[AHEAD]
    )
    gates = _RUNTIME in untrusted.texts(config.get("Entrypoint") or [])
    return Image(place, digest, values[COMMIT], platform, identity, revisions, gates, values[DATA])
