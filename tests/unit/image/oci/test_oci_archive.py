"""The tar of an image that an engine loads, and how far its writing is."""

from __future__ import annotations

import json
import tarfile
from collections.abc import Mapping
from pathlib import Path

from buildkit.image.oci import archive
from buildkit.image.oci.layout import Descriptor, Layout

KIND = "application/vnd.oci.image.manifest.v1+json"
_LAYER = 3_000_000


class Heard:
    """Keeps what is expected, and how far it came."""

    def __init__(self) -> None:
        self.weights: dict[str, float] = {}
        self.reached: list[float] = []

    def expects(self, weights: Mapping[str, float], *, pace: float = 0.0) -> None:
        assert pace == 0
        self.weights |= weights

    def begins(self, part: str) -> None:
        raise AssertionError(part)

    def reaches(self, part: str, done: float, of: float) -> None:
        assert of == self.weights[part]
        self.reached.append(done)

    def done(self, part: str) -> None:
        raise AssertionError(part)

    def skips(self, part: str) -> None:
        raise AssertionError(part)


def test_saving_tells_the_bytes_and_a_layer_that_stands_twice_counts_once(tmp_path: Path) -> None:
    layout, heard, file = Layout(tmp_path / "layout"), Heard(), tmp_path / "api.tar"
    config, layer = layout.add("config", b"{}"), layout.add("layer", bytes(_LAYER))
    text = json.dumps({"config": config.as_json(), "layers": [layer.as_json(), layer.as_json()]}).encode()
    manifest = layout.add(KIND, text)

    size = archive.write(layout, Descriptor(KIND, manifest.digest, manifest.size), ["api:1"], file, heard)

    assert heard.weights == {"api.tar": len(text) + len(b"{}") + _LAYER}
    assert len(heard.reached) > 2
    assert heard.reached == sorted(heard.reached)
    assert heard.reached[-1] == heard.weights["api.tar"]
    assert size == file.stat().st_size
    with tarfile.open(file) as made:
        assert sum(name.startswith("blobs/") for name in made.getnames()) == 3
