"""Artefacts that are odd: no file outside of the volume, and none that its manifest does not say."""

from __future__ import annotations

import tarfile
from pathlib import Path
from typing import Any

import pytest
from lying import BODY, KEY, MADE, Artefact, Lying, digest, is_refused, packed, pull, stage, text


def test_one_that_is_well_is_pulled(volume: Path, nobody: dict[str, str]) -> None:
    with Lying(Artefact.of({"out/a.txt": b"content\n", "out/" + "n" * 120: b"", "out/naïve": b"x"})) as server:
        pull(volume, server, nobody)
    assert (volume / "current/out/a.txt").read_bytes() == b"content\n"
    assert (volume / f"current/out/{'n' * 120}").read_bytes() == b""


ROW = [len(BODY), digest(BODY), MADE * 10**9]


@pytest.mark.parametrize(
    "path",
    [
        "../../../victim",
        "/etc/passwd",
        "out/../../../../victim",
        "./a.txt",
        "out//a.txt",
        "out/",
        "",
        "..",
        ".hidden",
        "manifest.json",
        "out/a\0b",
        "out/\ud800",
        "n" * 300,
        "a/" * 3000 + "b",
    ],
)
def test_a_file_that_does_not_stay_in_its_generation(volume: Path, nobody: dict[str, str], path: str) -> None:
    config = text(stage(files={path: ROW}))
    with Lying(Artefact.of(config=config, layers=[packed({path.encode(errors="replace").decode(): BODY})])) as server:
        is_refused(volume, server, nobody, "not data of this suite")


@pytest.mark.parametrize(
    "config",
    [
        text(stage(files=[1, 2])),
        text(stage(files={"out/a.txt": 5})),
        text(stage(files={"out/a.txt": [1, "../../victim", 1]})),
        text(stage(files={"out/a.txt": [-1, digest(BODY), 1]})),
        text(stage(files={"out/a.txt": [1.5, digest(BODY), 1]})),
        text(stage(files={"out/a.txt": [True, digest(BODY), 1]})),
        text(stage(files={"out/a.txt": [1 << 70, digest(BODY), 1]})),
        text(stage(files={"out/a.txt": [8, digest(BODY), 10**30]})),
        text(stage(files={"out/a.txt": [*ROW, "?"]})),
        text(stage(files={"out/a.txt": [*ROW, 5]})),
        text(stage(files={"out": ROW, "out/a.txt": ROW})),
        text(stage(files={"out/l": [0, digest(b""), 0, "@../../../victim"]}), schema=2),
        text(stage(files={"out/l": [0, digest(b""), 0, "@."], "out/l/a.txt": ROW}), schema=2),
        text(stage("../../../evil")),
        text(stage("a/b")),
        text(stage(5)),  # type: ignore[arg-type]
        text(stage(key="../../victim")),
        text(stage(parts=[])),
        text(stage(parts={"a": 5})),
        text(stage(made="yesterday")),
        text(stage(made=1e300)),
        text(stage(pieces=[])),
        text(stage(pieces={"a": [KEY, 1, 1, ["../../victim"]]})),
        text(stage(), stage()),
        text(stage(), stage("other")),
        text(5),
        text(stage(), generation="../../../evil"),
        text(stage(), number=-1),
        text(stage(), made=None),
        text(stage(), schema="1"),
        text(stage(), schema=1e400),
        text(stage())[:-1],
        b"[" * 100_000,
        b"5",
        b"\xff\xfe{}",
        b"\xef\xbb\xbf" + text(stage()),
        text(stage()).replace(b'"number"', b'"number":1,"number"'),
    ],
)
def test_a_manifest_of_a_generation_that_is_odd(volume: Path, nobody: dict[str, str], config: bytes) -> None:
    with Lying(Artefact.of(config=config)) as server:
        is_refused(volume, server, nobody, "not data of this suite")


@pytest.mark.parametrize(
    ("manifest", "words"),
    [
        (b"[" * 100_000, "more brackets than content|nested"),
        (b"", "not JSON"),
        (b"5", "no object"),
        (b"\xff", "not UTF-8"),
        (b'{"config":{},"config":{}}', "a name twice"),
        (b'{"a":NaN}', "NaN is no number"),
        (b'{"a":1e999}', "a number without end"),
        (b'{"a":' + b"9" * 5000 + b"}", "not data of this suite"),
        (b'{"manifests":[],"mediaType":"application/vnd.oci.image.index.v1+json"}', "it is a application/vnd.oci.im"),
        (b'{"config":{"mediaType":"\\u001b[2J"}}', "it is a \N{REPLACEMENT CHARACTER}"),
        (b" " * (5 << 20), "more came than the 4,194,304 bytes"),
    ],
)
def test_a_manifest_of_an_artefact_that_is_odd(
    volume: Path, nobody: dict[str, str], manifest: bytes, words: str
) -> None:
    with Lying(Artefact(manifest=manifest)) as server:
        is_refused(volume, server, nobody, words)


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"digest": "../../../victim"}, "is no digest"),
        ({"digest": "/etc/passwd", "size": 0}, "is no digest"),
        ({"digest": f"sha512:{'a' * 128}"}, "a digest by sha512: SHA-256 alone is compared"),
        ({"digest": f"sha256:{'A' * 64}"}, "is no digest"),
        ({"digest": f"sha256:{'a' * 63}"}, "is no digest"),
        ({"digest": 5}, "is no text"),
        ({"size": -1}, "is no whole number"),
        ({"size": 1e3}, "is no whole number"),
        ({"size": "1"}, "is no whole number"),
        ({"size": 1 << 80}, "is no whole number"),
        ({"size": 1 << 40}, "are larger than its files"),
        ({"annotations": {}}, "lacks what one of this suite has"),
        ({"annotations": []}, "is no object"),
        ({"annotations": {"invoke-buildkit.stage": "other"}}, "of which its manifest says nothing"),
    ],
)
def test_a_layer_that_is_odd(volume: Path, nobody: dict[str, str], row: dict[str, Any], words: str) -> None:
    with Lying(Artefact.of(layer_row=row)) as server:
        is_refused(volume, server, nobody, words)


@pytest.mark.parametrize("row", [{"size": 1 << 40}, {"size": 10}, {"digest": "sha256:x"}, {"size": None}])
def test_a_config_that_is_odd(volume: Path, nobody: dict[str, str], row: dict[str, Any]) -> None:
    with Lying(Artefact.of(config_row=row)) as server:
        is_refused(volume, server, nobody)


def _special(kind: bytes, size: int = 0) -> bytes:
    head = tarfile.TarInfo("out/a.txt")
    head.type, head.size, head.linkname = kind, size, "/etc/passwd"
    return head.tobuf(tarfile.USTAR_FORMAT) + bytes(1024)


@pytest.mark.parametrize(
    "layer",
    [
        *(_special(kind) for kind in (b"1", b"2", b"3", b"4", b"5", b"6", b"7", b"L", b"K", b"g")),
        _special(b"S", 3 << 30),
        packed({"out/b.txt": BODY}),
        packed({"out/a.txt": BODY + b"more"}),
        packed({"out/a.txt": BODY}) + b"more",
        packed({"out/a.txt": BODY})[:600],
        bytes(1024),
        b"no tar",
    ],
)
def test_a_layer_with_anything_but_the_files_of_its_stage(volume: Path, nobody: dict[str, str], layer: bytes) -> None:
    with Lying(Artefact.of(config=text(stage()), layers=[layer])) as server:
        is_refused(volume, server, nobody, "not data of this suite")


def test_a_link_that_lies_where_a_layer_is_kept_is_not_written_through(volume: Path, nobody: dict[str, str]) -> None:
    """Who can write on the volume needs not be who pulls."""
    there = Artefact.of()
    (name,) = [name for name, blob in there.blobs.items() if blob != there.config]
    (volume / "pull").mkdir()
    (volume / "pull" / name.replace(":", "-")).symlink_to(volume.parent / "victim")
    with Lying(there) as server:
        pull(volume, server, nobody)
    assert (volume / "current/out/a.txt").read_bytes() == BODY
