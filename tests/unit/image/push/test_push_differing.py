"""Which files of two images differ, and what made them differ."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from plugins.bases import Folder

from buildkit.image.oci.layout import Layout, descriptor
from buildkit.image.push.differing import differing
from buildkit.image.push.parcel import Manifest, manifest_of

Files = Mapping[str, bytes | str | None]
TIMED, UNTIMED = b"\x00" * 16 + b"a", b"\x00" * 4 + b"\x01" + b"\x00" * 11


def made(folder: Path, *layers: Files) -> tuple[Layout, Manifest]:
    image = descriptor(Folder(folder).image(*layers))
    layout = Layout(folder)
    return layout, manifest_of(layout.read(image.digest), image.media_type, image.digest)


@pytest.mark.parametrize(
    ("path", "one", "two", "words"),
    [
        ("a/__pycache__/x.pyc", TIMED, TIMED + b"b", "--invalidation-mode unchecked-hash"),
        ("a/__pycache__/x.pyc", UNTIMED, UNTIMED + b"b", "bytecode of other code"),
        ("x-1.dist-info/uv_cache.json", b"1", b"2", "uv notes there when it installed"),
        ("x-1.dist-info/RECORD", b"1", b"2", "it lists a file that differs"),
        ("etc/ld.so.cache", b"1", b"2", "ldconfig writes it anew"),
        ("var/log/dpkg.log", b"1", b"2", "a log has the time of the build"),
        ("a/x.cpython-311-x86_64-linux-gnu.so", b"1", b"2", "an extension compiled otherwise"),
        ("a/link", "b", "c", "a link that leads elsewhere"),
        ("a/words", b"12", b"123", "its content, 2 and 3 bytes"),
    ],
)
def test_each_known_cause_is_named(tmp_path: Path, path: str, one: bytes | str, two: bytes | str, words: str) -> None:
    same: Files = {"a": None, "a/same": b"same"}
    found = differing(
        made(tmp_path / "one", same, {**same, path: one}), made(tmp_path / "two", same, {**same, path: two})
    )
    assert [(each.path, each.layer) for each in found] == [(path, 2)]
    assert words in found[0].cause


def test_a_file_that_one_build_has_alone_and_another_number_of_layers_are_named(tmp_path: Path) -> None:
    found = differing(made(tmp_path / "one", {"a": b"1", "b": b""}), made(tmp_path / "two", {"a": b"1"}, {"c": b""}))
    assert [each.path for each in found] == ["(layers)", "b"]
    assert found[1].cause == "only the first build has it"


def test_the_same_images_differ_in_nothing(tmp_path: Path) -> None:
    assert differing(made(tmp_path / "one", {"a": b"1"}), made(tmp_path / "two", {"a": b"1"})) == []
