"""The folder that images are written into."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from buildkit.core.untrusted import Odd
from buildkit.image.oci.layout import Descriptor, Layout

KIND = "application/vnd.oci.image.manifest.v1+json"


def image(layout: Layout, text: bytes) -> Descriptor:
    config = layout.add("config", b"{}" + text)
    layer = layout.add("layer", b"layer" + text)
    about = {"config": config.as_json(), "layers": [layer.as_json()]}
    found = layout.add(KIND, json.dumps(about).encode())
    return Descriptor(KIND, found.digest, found.size)


def test_images_are_named_beside_each_other_and_forgotten_by_name(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    one, two = image(layout, b"1"), image(layout, b"2")
    layout.name({"a:1": one})
    layout.name({"a:2": two, "a:latest": two}, ["a:1"])
    assert {name: row.digest for name, row in layout.names().items()} == {"a:2": two.digest, "a:latest": two.digest}


def test_what_no_image_has_is_swept_and_what_is_kept_stays(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    one, two, kept = image(layout, b"1"), image(layout, b"2"), layout.add("text", b"kept")
    layout.name({"a": two})
    (tmp_path / "blobs/sha256/.incoming.killed.tmp").write_bytes(b"half")
    assert layout.sweep([kept.digest]) > 0
    assert not layout.place(one.digest).exists()
    assert {f"sha256:{place.name}" for place in (tmp_path / "blobs/sha256").iterdir()} == {
        kept.digest,
        *layout.reachable(two),
    }
    assert len(layout.reachable(two)) == 3


def test_a_blob_appears_when_it_is_whole(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    with pytest.raises(RuntimeError, match="cut"), layout.incoming() as blob:  # noqa: PT012
        blob.write(b"half")
        raise RuntimeError("cut")
    assert [*(tmp_path / "blobs/sha256").iterdir()] == []


def test_a_blob_with_other_bytes_is_refused(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    found = layout.add("text", b"right")
    layout.place(found.digest).write_bytes(b"wrong")
    with pytest.raises(Odd, match="other bytes"):
        layout.read(found.digest)


@pytest.mark.parametrize("text", ["", "{}", '{"manifests": [{"digest": "md5:1"}]}', "[]"])
def test_an_index_that_is_none_names_nothing(tmp_path: Path, text: str) -> None:
    (tmp_path / "index.json").write_text(text)
    assert Layout(tmp_path).known() == {}
