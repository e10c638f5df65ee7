"""An image as the engine saves it, read in one pass: whatever the order of its parts, however its layers are packed."""

from __future__ import annotations

import gzip
import importlib
import io
import json
import tarfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import IO, Any

import pytest
from plugins.tools import missing

from buildkit.errors import ImageError
from buildkit.image import saved as reader
from buildkit.image.saved import Saved, read

Pack = Callable[[bytes], bytes]


def tar(files: Mapping[str, bytes | str]) -> bytes:
    """Return a tar; a text is where a symbolic link leads."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            if isinstance(content, str):
                member.type, member.linkname = tarfile.SYMTYPE, content
                archive.addfile(member)
            else:
                member.size = len(content)
                archive.addfile(member, io.BytesIO(content))
    return out.getvalue()


CONFIGURATION: Mapping[str, Any] = {
    "architecture": "arm64",
    "config": {"Env": ["A=1=2", "B"], "WorkingDir": "/app"},
    "history": [{"created_by": "COPY a"}, {"created_by": "ENV A", "empty_layer": True}, {"created_by": "COPY b"}],
}


def names(layer: IO[bytes]) -> list[str]:
    with tarfile.open(fileobj=layer, mode="r|") as archive:
        return archive.getnames()


def image(pack: Pack = bytes, *, last: bool = False) -> bytes:
    layers = {"blobs/1": pack(tar({"a": b"one"})), "blobs/2": pack(tar({"b": b"two"}))}
    about = {
        "manifest.json": json.dumps([{"Config": "config", "Layers": ["blobs/1", "blobs/2"]}]).encode(),
        "config": json.dumps(CONFIGURATION).encode(),
    }
    return tar({**layers, **about} if last else {**about, **layers})


def found(content: bytes) -> Saved[list[str]]:
    return read(io.BytesIO(content), "sample", names)


def zstandard(content: bytes) -> bytes:
    for module in reader._READERS:
        with suppress(ImportError):
            return bytes(importlib.import_module(module).compress(content))
    return missing("zstd", "neither compression.zstd nor backports.zstd can be imported")


@pytest.mark.parametrize("last", [False, True])
@pytest.mark.parametrize("pack", [bytes, gzip.compress, zstandard])
def test_layers_are_put_in_their_order(pack: Pack, last: bool) -> None:
    it = found(image(pack, last=last))

    assert [(layer.number, layer.step, layer.content) for layer in it.layers] == [
        (1, "COPY a", ["a"]),
        (2, "COPY b", ["b"]),
    ]
    assert (it.architecture, it.folder, it.environment) == ("arm64", "app", {"A": "1=2"})
    assert it.history == ("COPY a", "ENV A", "COPY b")


def test_a_layer_that_is_a_link_to_one_that_is_there_is_that_one() -> None:
    manifest = [{"Config": "config", "Layers": ["one/layer.tar", "two/layer.tar"]}]
    content: dict[str, bytes | str] = {
        "one/layer.tar": tar({"a": b"one"}),
        "two/layer.tar": "../one/layer.tar",
        "manifest.json": json.dumps(manifest).encode(),
        "config": json.dumps(CONFIGURATION).encode(),
    }

    assert [layer.content for layer in found(tar(content)).layers] == [["a"], ["a"]]


def test_an_empty_layer_is_one() -> None:
    content = image().replace(tar({"a": b"one"}), tar({}))

    assert found(content).layers[0].content == []


def test_an_image_without_a_history_has_layers_without_steps() -> None:
    content = {"l": tar({"a": b"one"}), "manifest.json": b'[{"Config": "c", "Layers": ["l"]}]', "c": b"{}"}

    assert found(tar(content)).layers[0].step == ""


def test_zstd_that_this_python_does_not_read_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "_READERS", ("no_such_module",))
    with pytest.raises(ImageError, match="a layer of sample is packed by zstd") as caught:
        found(image(lambda _: b"\x28\xb5\x2f\xfd rest"))

    assert "invoke-buildkit[audit]" in caught.value.hint


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"nothing of the kind",
        tar({"manifest.json": b"[]"}),
        tar({"manifest.json": b"no JSON"}),
        tar({"manifest.json": b'[{"Config": "c", "Layers": ["l"]}]', "c": b"{}"}),
        tar({"manifest.json": b'[{"Config": "c", "Layers": []}]', "c": b"[]"}),
        image()[:2000],
        image(lambda content: gzip.compress(content)[:-20]),
    ],
)
def test_what_no_engine_would_save_is_refused(content: bytes) -> None:
    with pytest.raises(ImageError, match="sample is not saved as engines save images"):
        found(content)


def test_without_docker_that_is_said() -> None:
    with pytest.raises(ImageError, match="docker: No such file"):
        reader.saved("sample", names, {"PATH": "/nowhere"})
