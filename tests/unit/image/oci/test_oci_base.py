"""Where a base comes from, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from plugins.bases import INDEX, PYTHON, Folder, files_of, layer

from buildkit.errors import ConfigurationError, ImageError
from buildkit.image.oci.base import Base, bring
from buildkit.image.oci.layout import Layout
from buildkit.image.oci.reference import InLayout, base_of


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("python:3.13-slim", "registry-1.docker.io/library/python:3.13-slim"),
        ("team/base", "registry-1.docker.io/team/base:latest"),
        ("docker.io/team/base:1", "registry-1.docker.io/team/base:1"),
        ("ghcr.io/team/base:1", "ghcr.io/team/base:1"),
        ("localhost:5000/base", "localhost:5000/base:latest"),
        ("localhost/base:1", "localhost/base:1"),
    ],
)
def test_a_name_without_a_registry_is_one_of_docker(text: str, whole: str) -> None:
    assert str(base_of(text, Path("/"), "x")) == whole


def test_a_folder_counts_from_the_project() -> None:
    assert base_of("oci:base", Path("/project"), "x") == InLayout(Path("/project/base"), "")
    assert base_of("oci:/else/where:3.13", Path("/project"), "x") == InLayout(Path("/else/where"), "3.13")


def test_what_is_no_name_of_an_image_is_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"engine\.python-slim: .* is no reference"):
        base_of("Python:3", Path("/"), "engine.python-slim")


def brought(tmp_path: Path, name: str = "", architecture: str = "amd64") -> Base:
    return bring(Layout(tmp_path / "layout"), InLayout(tmp_path / "base", name), architecture, {})


def test_a_base_for_several_processors_gives_the_one_that_is_wanted(tmp_path: Path) -> None:
    made = Folder(tmp_path / "base")
    arm = made.image(files_of("3.12"), architecture="arm64", platform={"os": "linux", "architecture": "arm64"})
    amd = made.image(files_of("3.13"), architecture="amd64", platform={"os": "linux", "architecture": "amd64"})
    attested = {**amd, "platform": {"os": "unknown", "architecture": "unknown"}}
    made.write(one=made.blob({"schemaVersion": 2, "manifests": [attested, arm, amd]}, INDEX))
    assert brought(tmp_path).ground.python == "3.13"
    assert brought(tmp_path, architecture="arm64").ground.python == "3.12"
    with pytest.raises(ImageError, match="nothing for linux/s390x, only linux/amd64, linux/arm64"):
        brought(tmp_path, architecture="s390x")


def test_a_layer_that_came_unpacked_is_packed_and_means_the_same(tmp_path: Path) -> None:
    made = Folder(tmp_path / "base")
    made.write(one=made.image(files_of(), packed=False))
    found = brought(tmp_path)
    assert [each.media_type for each in found.layers] == ["application/vnd.oci.image.layer.v1.tar+gzip"]
    assert found.ground.python == PYTHON
    assert found.digest == json.loads((tmp_path / "base/index.json").read_text())["manifests"][0]["digest"]


def test_a_base_that_is_there_is_not_asked_for_again(tmp_path: Path) -> None:
    made = Folder(tmp_path / "base")
    made.write(one=made.image(files_of("3.12")))
    first = brought(tmp_path)
    made.write(one=made.image(files_of("3.13")))
    assert brought(tmp_path) == first
    pulled = bring(Layout(tmp_path / "layout"), InLayout(tmp_path / "base", ""), "amd64", {}, pull=True)
    assert pulled.ground.python == "3.13"


def test_of_several_images_in_a_folder_one_is_to_be_named(tmp_path: Path) -> None:
    made = Folder(tmp_path / "base")
    made.write(a=made.image(files_of("3.12")), b=made.image(files_of("3.13")))
    assert brought(tmp_path, "b").ground.python == "3.13"
    with pytest.raises(ImageError, match="2 images; name one of them behind a colon: a, b"):
        brought(tmp_path)
    with pytest.raises(ImageError, match="it has no image c; it has a, b"):
        brought(tmp_path, "c")


def test_a_damaged_or_missing_base_is_named_and_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="cannot be read: No such file"):
        brought(tmp_path)
    made = Folder(tmp_path / "base")
    made.write(one=made.image(files_of()))
    for place in (tmp_path / "base/blobs/sha256").iterdir():
        if place.read_bytes() == layer(files_of()):
            place.write_bytes(b"x" * place.stat().st_size)
    with pytest.raises(ImageError, match="other bytes"):
        brought(tmp_path)
    assert Layout(tmp_path / "layout").known() == {}


def test_a_layer_in_a_form_that_is_not_read_is_named(tmp_path: Path) -> None:
    made = Folder(tmp_path / "base")
    row = made.image(files_of())
    manifest = json.loads((tmp_path / "base/blobs/sha256" / row["digest"][7:]).read_bytes())
    manifest["layers"][0]["mediaType"] = "application/vnd.oci.image.layer.v1.tar+zstd"
    made.write(one=made.blob(manifest, row["mediaType"]))
    with pytest.raises(ImageError, match=r"tar\+zstd, which cannot be read here"):
        brought(tmp_path)
