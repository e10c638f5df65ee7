"""What is sent of an image: its manifest, those of several processors behind an index, and their blobs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from buildkit.core import untrusted
from buildkit.image.oci.layout import Descriptor, Layout, descriptor

_MOST = 4 << 20


@dataclass(frozen=True, slots=True)
class Manifest:
    """A manifest with the blobs that it names.

    Args:
        kind: its media type.
        digest: its digest.
        text: its bytes.
        blobs: its configuration and its layers.
        annotations: what it says of the image.
    """

    kind: str
    digest: str
    text: bytes
    blobs: tuple[Descriptor, ...]
    annotations: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Parcel:
    """An image.

    Args:
        layout: where its blobs are.
        top: the manifest or index that tags name.
        parts: the manifests that an index names.
    """

    layout: Layout
    top: Manifest
    parts: tuple[Manifest, ...]

    @property
    def blobs(self) -> dict[str, Descriptor]:
        """All blobs by their digests, in the order in which they are sent: layers from the base up."""
        rows = [each for manifest in (*self.parts, self.top) for each in (*manifest.blobs[1:], *manifest.blobs[:1])]
        return {each.digest: each for each in rows}

    @property
    def images(self) -> tuple[Manifest, ...]:
        """The manifests of the processors; the only one where there is no index."""
        return self.parts or (self.top,)


def parcel(layout: Layout, image: Descriptor) -> Parcel:
    """Return what is sent of an image.

    Raises:
        OSError: a manifest is not there. Odd, KeyError: it is damaged.
    """
    top = manifest_of(layout.read(image.digest), image.media_type, image.digest)
    rows = [descriptor(each) for each in _table(top.text).get("manifests", ())]
    parts = tuple(manifest_of(layout.read(each.digest), each.media_type, each.digest) for each in rows)
    return Parcel(layout, top, parts)


def manifest_of(text: bytes, kind: str, digest: str) -> Manifest:
    """Return a manifest that was read.

    Raises:
        Odd, KeyError: it is none.
    """
    return Manifest(kind, digest, text, tuple(_blobs(text)), _annotations(text))


def _blobs(text: bytes) -> Iterator[Descriptor]:
    about = _table(text)
    if "config" in about:
        yield descriptor(about["config"])
    yield from (descriptor(each) for each in untrusted.rows(about.get("layers", [])))


def _annotations(text: bytes) -> dict[str, str]:
    found = untrusted.table(_table(text).get("annotations") or {})
    return {key: value for key, value in found.items() if isinstance(value, str)}


def _table(text: bytes) -> dict[str, Any]:
    return untrusted.table(untrusted.json_of(text, _MOST))
