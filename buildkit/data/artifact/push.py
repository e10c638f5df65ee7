"""Sends the current generation to a registry: only the layers that the registry lacks."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

from buildkit.core import untrusted
from buildkit.core.advance import UNSEEN, Advance
from buildkit.data.artifact.layers import (
    CONFIG,
    LAYER,
    STAGE,
    Tell,
    Transfer,
    as_data_error,
    heard,
    identify,
    parts,
    reader,
    size_of,
)
from buildkit.data.volume import generations
from buildkit.data.volume import manifest as manifests
from buildkit.data.volume.manifest import Manifest
from buildkit.errors import DataError
from buildkit.model import Outcome, Reason
from buildkit.registry.client import MANIFEST, Repository
from buildkit.registry.reference import Reference


def push(
    folder: Path, where: Reference, environment: Mapping[str, str], tell: Tell, advance: Advance = UNSEEN
) -> Transfer:
    """Send the current generation to a registry, under the tag of `where` and under its own name.

    Args:
        folder: the data's folder.
        where: the registry, and the artefact's name and tag.
        environment: user and password of the registry, or Docker's own settings.
        tell: called with the outcome of each stage.
        advance: told of the stages, each with its bytes.

    Raises:
        DataError: there is no generation, it is damaged, or the registry refuses.
    """
    generation = generations.current(folder)
    manifest = generations.load(generation) if generation else None
    if generation is None or manifest is None:
        raise DataError(f"data: there is nothing to push in {folder}", hint="make it with: invoke data")
    with as_data_error(where):
        return _push(generation, manifest, where, environment, tell, advance)


def _push(
    generation: Path,
    manifest: Manifest,
    where: Reference,
    environment: Mapping[str, str],
    tell: Tell,
    advance: Advance,
) -> Transfer:
    repository = Repository(where, environment)
    advance.expects({record.name: size_of(record) for record in manifest.stages.values()})
    layers: list[dict[str, object]] = []
    rows: list[Outcome] = []
    moved = 0
    for record in manifest.stages.values():
        sent, over = 0, 0
        advance.begins(record.name)
        for part in parts(record):
            digest, size = identify(generation, part)
            hear = heard(advance, record, over)
            sent += repository.upload(digest, size, reader(generation, part), hear)
            over += size
            hear(size)
            layers.append({"mediaType": LAYER, "digest": digest, "size": size, "annotations": {STAGE: record.name}})
        moved += sent
        advance.done(record.name)
        rows.append(Outcome(record.name, "sent" if sent else "fresh", Reason("bytes", f"{sent:,}")))
        tell(rows[-1])
    config = manifests.text_of(manifest).encode()
    if len(config) > untrusted.MOST_JSON:
        raise DataError(
            f"data: the manifest of {generation.name} has {len(config):,} bytes, and no artefact may have so many",
            hint="let the stages write fewer, larger files",
        )
    identity = f"sha256:{hashlib.sha256(config).hexdigest()}"
    moved += repository.upload(identity, len(config), lambda offset: [config[offset:]])
    text = json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "artifactType": CONFIG,
            "config": {"mediaType": CONFIG, "digest": identity, "size": len(config)},
            "layers": layers,
        },
        separators=(",", ":"),
    )
    return Transfer(repository.tag(text.encode(), (manifest.generation, where.tag)), manifest, moved, tuple(rows))
