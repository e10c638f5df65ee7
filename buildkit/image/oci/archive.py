"""An image of the layout as a tar that `docker image load` takes, on either of its stores.

The engine's older store wants `manifest.json`, containerd's wants the layout; with both in one tar either loads it, and
the image has the same id, since layers and configuration are the same bytes.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from buildkit.core import untrusted
from buildkit.core.advance import UNSEEN, Advance
from buildkit.doors import files
from buildkit.image.oci.layout import INDEX, NAME, Descriptor, Layout, as_bytes, descriptor
from buildkit.trees import tar
from buildkit.trees.tar import Member

_CONTAINERD_NAME = "io.containerd.image.name"
_MODE = 0o644


def write(layout: Layout, image: Descriptor, tags: Sequence[str], target: Path, advance: Advance = UNSEEN) -> int:
    """Write the tar of one image, so that `target` appears when it is whole; return its bytes.

    Args:
        layout: the layout with the image.
        image: its manifest.
        tags: the names that the engine is to give it.
        target: the file.
        advance: hears how many bytes of the blobs are written, as a part with the file's name.

    Raises:
        OSError: a blob is missing, or the disk is full.
    """
    with files.staged(target) as (opened, temporary):
        size = 0
        whole = sum(layout.place(each).stat().st_size for each in _blobs(layout, image))
        advance.expects({target.name: whole})
        for block in tar.written(_members(layout, image, tags), tar.RECORD):
            files.write_all(opened, block)
            size += len(block)
            advance.reaches(target.name, min(size, whole), whole)
        os.replace(temporary, target)  # noqa: PTH105 - both are known to exist
    return size


def _blobs(layout: Layout, image: Descriptor) -> list[str]:
    """Return the digests of what an image consists of, each once."""
    about = untrusted.table(untrusted.json_of(layout.read(image.digest)))
    parts = [descriptor(about["config"]), *(descriptor(each) for each in about["layers"])]
    return [*dict.fromkeys((image.digest, *(part.digest for part in parts)))]


def _members(layout: Layout, image: Descriptor, tags: Sequence[str]) -> Iterator[tuple[Member, Iterable[bytes]]]:
    about = untrusted.table(untrusted.json_of(layout.read(image.digest)))
    config, layers = descriptor(about["config"]), [descriptor(each) for each in about["layers"]]
    for each in _blobs(layout, image):
        place = layout.place(each)
        yield Member(_name(each), place.stat().st_size, _MODE), layout.blocks(each)
    names = [{_CONTAINERD_NAME: _full(tag), NAME: tag.rpartition(":")[2]} for tag in tags]
    rows = [Descriptor(image.media_type, image.digest, image.size, {"annotations": each}).as_json() for each in names]
    yield from _text("index.json", as_bytes({"schemaVersion": 2, "mediaType": INDEX, "manifests": rows}))
    loaded = {
        "Config": _name(config.digest),
        "RepoTags": list(tags),
        "Layers": [_name(each.digest) for each in layers],
    }
    yield from _text("manifest.json", as_bytes([loaded]))
    yield from _text("oci-layout", as_bytes({"imageLayoutVersion": "1.0.0"}))


def _text(name: str, content: bytes) -> Iterator[tuple[Member, Iterable[bytes]]]:
    yield Member(name, len(content), _MODE), [content]


def _name(digest: str) -> str:
    return f"blobs/sha256/{digest.removeprefix('sha256:')}"


def _full(tag: str) -> str:
    """Return a name as containerd has it, with a registry."""
    first, slash, _ = tag.partition("/")
    if slash and ("." in first or ":" in first or first == "localhost"):
        return tag
    return f"docker.io/{tag}" if slash else f"docker.io/library/{tag}"
