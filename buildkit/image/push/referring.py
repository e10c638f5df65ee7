"""What refers to an image in its registry: a manifest of its own with the image as its subject.

A registry that knows referrers (distribution specification 1.1) lists it by itself, and says so when it takes the
manifest. For any other one the list is an index under a tag that follows from the image's digest.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from buildkit.core import untrusted
from buildkit.core.untrusted import Odd
from buildkit.image.oci.layout import INDEX, Descriptor, Layout, as_bytes
from buildkit.image.push import sending
from buildkit.image.push.parcel import Manifest
from buildkit.registry.client import MANIFEST, Repository

EMPTY = "application/vnd.oci.empty.v1+json"


def refer(
    layout: Layout,
    repository: Repository,
    image: Manifest,
    kind: str,
    content: bytes,
    known: Collection[str] = (),
    *,
    is_new: bool = False,
) -> list[str]:
    """Let a document refer to an image; return the digests of the blobs that the repository has for it.

    Args:
        layout: where its blobs are kept.
        repository: the repository.
        image: the image.
        kind: the media type of the document.
        content: the document.
        known: digests of blobs that the repository has.
        is_new: whether the image was not there before, so that nothing refers to it yet.

    Raises:
        Failure: the registry refuses, or cannot be reached.
    """
    document, empty = layout.add(kind, content), layout.add(EMPTY, b"{}")
    for each in (empty, document):
        if each.digest not in known and not (each.size <= sending.SMALL and repository.has(each.digest)):
            sending.send_blob(layout, repository, each)
    about: dict[str, Any] = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "artifactType": kind,
        "config": empty.as_json(),
        "layers": [document.as_json()],
        "subject": Descriptor(image.kind, image.digest, len(image.text)).as_json(),
    }
    referrer = layout.add(MANIFEST, as_bytes(about))
    text = layout.read(referrer.digest)
    if not repository.put(text, referrer.digest):
        row = Descriptor(MANIFEST, referrer.digest, referrer.size, {"artifactType": kind})
        _list_by_tag(repository, image, row, is_new=is_new)
    return [empty.digest, document.digest]


def tag_of(digest: str) -> str:
    """Return the tag under which the referrers of an image are listed."""
    return digest.replace(":", "-")


def _list_by_tag(repository: Repository, image: Manifest, row: Descriptor, *, is_new: bool) -> None:
    """Add a manifest to the list of those that refer to an image; what others added stays."""
    tag = tag_of(image.digest)
    rows: list[Any] = []
    if not is_new:
        text, _, _ = repository.fetch(tag)
        try:
            rows = untrusted.rows(untrusted.table(untrusted.json_of(text))["manifests"]) if text else []
        except (Odd, KeyError):
            rows = []
        if any(untrusted.table(each).get("digest") == row.digest for each in rows):
            return
    about = {"schemaVersion": 2, "mediaType": INDEX, "manifests": [*rows, row.as_json()]}
    repository.put(as_bytes(about), tag, INDEX)
