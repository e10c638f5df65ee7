"""Joins base, layers and configuration into an image of the layout."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from buildkit.core import untrusted
from buildkit.doors import files, reading
from buildkit.image.oci import layer, runtime
from buildkit.image.oci.base import Base
from buildkit.image.oci.grouping import Group
from buildkit.image.oci.layer import Layer
from buildkit.image.oci.layout import Descriptor, Layout, as_bytes
from buildkit.image.oci.nodes import Node, Tree
from buildkit.registry.client import INDEX, MANIFEST
from buildkit.registry.reference import digest_of

CONFIG = "application/vnd.oci.image.config.v1+json"
TITLE = "org.opencontainers.image.title"
_PACKERS = 2
_MOST = 8 << 20


@dataclass(frozen=True, slots=True)
class Written:
    """An image of the layout.

    Args:
        manifest: its manifest.
        identity: the digest of its configuration, which engines call its id.
        layers: its layers on top of the base, each with what it is.
        made: how many of these were written now.
        unpacked: bytes of these layers, unpacked.
    """

    manifest: Descriptor
    identity: str
    layers: tuple[tuple[str, Layer], ...]
    made: int
    unpacked: int


def write_layers(
    layout: Layout,
    groups: Sequence[Group],
    before: Callable[[Sequence[Tree]], None],
    around: Callable[[Tree], Tree],
) -> tuple[list[tuple[str, Layer]], int]:
    """Write the layers that the layout lacks; return all of them, and how many were written.

    Args:
        layout: where they go.
        groups: the files of each layer.
        before: is called with the trees that will be written, to make what of them is not there yet.
        around: adds the folders above the files of a layer.
    """
    memory = _Memory(layout)
    trees = [dict(around(group.tree)) for group in groups]
    keys = [layer.key_of(tree) for tree in trees]
    known = {key: found for key in keys if (found := memory.layer(key)) is not None}
    missing = {key: tree for key, tree in zip(keys, trees, strict=True) if key not in known}
    before([*missing.values()])
    with ThreadPoolExecutor(_PACKERS) as pool:
        made = dict(zip(missing, pool.map(lambda tree: layer.write(layout, tree), missing.values()), strict=True))
    memory.keep({**known, **made})
    return [(group.name, {**known, **made}[key]) for group, key in zip(groups, keys, strict=True)], len(missing)


def write_image(
    layout: Layout,
    base: Base,
    layers: Sequence[tuple[str, Layer]],
    config: Mapping[str, Any],
    annotations: Mapping[str, str],
    time: int,
) -> tuple[Descriptor, str]:
    """Write configuration and manifest of an image; return the manifest, and the digest of the configuration.

    Args:
        layout: where they go.
        base: the base.
        layers: the layers on top of it, each with what it is.
        config: the member `config` of the configuration.
        annotations: those of the manifest.
        time: the image's time in seconds since 1970.
    """
    rows = [(each.diff_id, words) for words, each in layers]
    about = layout.add(CONFIG, as_bytes(runtime.configuration(base.configuration, config, rows, time)))
    own = [Descriptor(layer.MEDIA_TYPE, each.digest, each.size) for _, each in layers]
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": about.as_json(),
        "layers": [each.as_json() for each in (*map(_as_oci, base.layers), *own)],
        "annotations": dict(annotations),
    }
    platform = {key: base.configuration[key] for key in ("architecture", "os", "variant") if key in base.configuration}
    found = layout.add(MANIFEST, as_bytes(manifest))
    return Descriptor(MANIFEST, found.digest, found.size, {"platform": platform}), about.digest


def write_index(layout: Layout, images: Sequence[Descriptor], annotations: Mapping[str, str]) -> Descriptor:
    """Write the index of an image for several processors."""
    rows = [each.as_json() for each in images]
    about = {"schemaVersion": 2, "mediaType": INDEX, "manifests": rows, "annotations": dict(annotations)}
    return layout.add(INDEX, as_bytes(about))


def _as_oci(each: Descriptor) -> Descriptor:
    """Return a layer of a base under OCI's name: both names mean the same bytes."""
    kind = {"application/vnd.docker.image.rootfs.diff.tar.gzip": layer.MEDIA_TYPE}.get(each.media_type, each.media_type)
    return Descriptor(kind, each.digest, each.size)


class _Memory:
    """Which layers the layout has, by the key of what each was made from."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._place = layout.folder / "layers.json"
        self._rows: dict[str, Layer] = {}
        with suppress(OSError, ValueError, TypeError, KeyError):
            found = untrusted.table(untrusted.json_of(reading.read(self._place, most=_MOST)))
            self._rows = {key: _layer(row) for key, row in found.items()}

    def layer(self, key: str) -> Layer | None:
        """Return a layer if it is there."""
        found = self._rows.get(key)
        return found if found is not None and self._layout.has(found.digest, found.size) else None

    def keep(self, layers: Mapping[str, Layer]) -> None:
        """Note layers, and forget those whose blobs are gone."""
        rows = {key: each for key, each in self._rows.items() if self._layout.has(each.digest, each.size)} | {**layers}
        text = json.dumps({key: [each.diff_id, each.digest, each.size, each.unpacked] for key, each in rows.items()})
        files.write_if_changed(self._place, text)


def _layer(row: object) -> Layer:
    diff_id, digest, size, unpacked = untrusted.rows(row)
    return Layer(digest_of(diff_id), digest_of(digest), untrusted.number(size), untrusted.number(unpacked))


def above(trees: Sequence[Tree]) -> dict[str, Node]:
    """Return the folders that trees name themselves, by path."""
    return {path: node for tree in trees for path, node in tree.items() if node.kind == "folder"}
