"""A layer follows from its files alone."""

from __future__ import annotations

import os
import random
import tarfile
from pathlib import Path

import pytest

from buildkit.image.oci import layer, nodes
from buildkit.image.oci.layout import Layout
from buildkit.image.oci.nodes import Node

B = nodes.of_bytes(b"b")
TREE = {
    "app/b.py": nodes.text("b"),
    "app/a.py": nodes.text("a", 0o755),
    "app/link": nodes.link("a.py"),
    "app/data": nodes.folder(user=10001),
    "app/" + "n" * 200 + "/" + "m" * 90: nodes.text("long"),
    "app/ä.txt": nodes.text("ä"),
}


def test_the_same_files_make_the_same_bytes_in_any_order_folder_and_umask(tmp_path: Path) -> None:
    names = [*TREE]
    random.Random(1).shuffle(names)
    before = os.umask(0o077)
    try:
        first = layer.write(Layout(tmp_path / "one"), {name: TREE[name] for name in names})
    finally:
        os.umask(before)
    assert layer.write(Layout(tmp_path / "two" / "deep"), TREE) == first


def test_a_tar_has_each_file_with_mode_owner_and_no_date_of_today(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    with tarfile.open(layout.place(layer.write(layout, TREE).digest)) as archive:
        found = {member.name: member for member in archive}
    assert {*found} == {*TREE}
    assert found["app/a.py"].mode == 0o755
    assert found["app/link"].linkname == "a.py"
    assert (found["app/data"].isdir(), found["app/data"].uid, found["app/data"].gid) == (True, 10001, 10001)
    assert {member.mtime for member in found.values()} == {layer.TIME}
    assert {member.uname for member in found.values()} == {""}


@pytest.mark.parametrize(
    "changed",
    [
        nodes.text("c"),
        nodes.text("b", 0o755),
        nodes.link("b"),
        nodes.folder(),
        nodes.file(B, user=1),
    ],
)
def test_another_content_mode_owner_or_kind_is_another_key(changed: Node) -> None:
    assert layer.key_of({"app/b.py": changed}) != layer.key_of({"app/b.py": TREE["app/b.py"]})


def test_a_file_that_turns_out_to_have_no_content_is_left_out(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    tree = {"a": nodes.text("a"), "b": nodes.file(nodes.Content("none", lambda: None))}
    with tarfile.open(layout.place(layer.write(layout, tree).digest)) as archive:
        assert archive.getnames() == ["a"]


def test_folders_above_files_are_in_a_layer_as_the_base_or_the_image_has_them() -> None:
    known = {"tmp": nodes.folder(0o1777), "tmp/uploads": nodes.folder(user=10001)}
    whole = layer.with_folders({"tmp/uploads/a/b.txt": nodes.text("")}, known.get)
    assert {path: (node.mode, node.user) for path, node in whole.items() if node.kind == nodes.FOLDER} == {
        "tmp": (0o1777, 0),
        "tmp/uploads": (0o755, 10001),
        "tmp/uploads/a": (0o755, 0),
    }
