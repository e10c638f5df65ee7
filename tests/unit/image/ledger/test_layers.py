"""The layers of an image laid over each other: what a container sees, what it cost, and that no byte is missing."""

from __future__ import annotations

import pytest
from layered import Content, Given, image, layer

from buildkit.image.ledger.ledger import added_up
from buildkit.image.ledger.owners import Owners
from buildkit.image.ledger.tree import Tree, read_tree


def tree_of(*layers: Content) -> Tree:
    with image(*layers) as saved:
        return read_tree(saved)


def seen(tree: Tree) -> dict[str, int]:
    return {path: file.layer for path, file in tree.seen.items()}


def hidden(tree: Tree) -> dict[str, tuple[int, int]]:
    return {file.path: (file.layer, file.hidden_by) for file in tree.files if file.hidden_by}


def test_an_upper_file_hides_the_lower_one() -> None:
    tree = tree_of({"a": b"one", "b": b"two"}, {"a": b"three"})
    assert seen(tree) == {"a": 2, "b": 1}
    assert hidden(tree) == {"a": (1, 2)}


def test_what_is_removed_is_still_stored() -> None:
    tree = tree_of({"d/a": b"one", "d/b": b"two", "e": b"three"}, {"d/.wh.a": b"", ".wh.e": b""})
    assert seen(tree) == {"d/b": 1}
    assert hidden(tree) == {"d/a": (1, 2), "e": (1, 2)}


def test_a_folder_is_removed_with_what_is_in_it() -> None:
    tree = tree_of({"d": None, "d/a": b"one", "da": b"two", "d/deep/b": b"three"}, {".wh.d": b""})
    assert seen(tree) == {"da": 1}


def test_an_opaque_folder_has_what_its_layer_brings_alone() -> None:
    tree = tree_of({"d/a": b"one", "d/b": b"two"}, {"d/a": b"new", "d/.wh..wh..opq": b"", "d/c": b"more"})
    assert seen(tree) == {"d/a": 2, "d/c": 2}


def test_a_file_in_the_place_of_a_folder_hides_what_was_below() -> None:
    tree = tree_of({"d": None, "d/a": b"one"}, {"d": b"now a file"})
    assert seen(tree) == {"d": 2}
    assert hidden(tree) == {"d/a": (1, 2)}


def test_a_file_stays_seen_by_its_other_name() -> None:
    tree = tree_of({"a": b"one", "b": "=a"}, {".wh.a": b""})
    assert seen(tree) == {"b": 1}
    assert hidden(tree) == {}


def test_links_are_followed_on_the_way_and_at_the_end() -> None:
    tree = tree_of(
        {"lib": "usr/lib", "usr/lib/x.so.1.2": b"x", "usr/lib/x.so.1": "x.so.1.2", "loop": "loop", "abs": "/usr/lib"}
    )
    for path in ("lib/x.so.1", "/usr/lib/x.so.1", "abs/x.so.1", "usr/../lib/./x.so.1"):
        found = tree.resolve(path)
        assert found is not None
        assert found.path == "usr/lib/x.so.1.2"
    assert tree.resolve("loop") is None
    assert tree.resolve("lib/none") is None


@pytest.mark.parametrize("packed", [False, True])
def test_the_sums_are_the_layers_to_the_byte(packed: bool) -> None:
    layers: list[Content] = [
        {"usr/lib/python3/site-packages/p.py": b"x" * 1000, "etc/a": b"", "d": None, "l": "etc/a"},
        {"etc/a": b"y" * 513, ".wh.d": b"", "app/" + "n" * 120: b"long name"},
    ]
    with image(*layers, given=Given(packed=packed)) as saved:
        tree = read_tree(saved)
        ledger = added_up(tree, Owners(tree, saved.folder))
    assert ledger.layers == {number: len(layer(files)) for number, files in enumerate(layers, start=1)}
    for number, files in enumerate(layers, start=1):
        content = sum(len(each) for each in files.values() if isinstance(each, bytes))
        assert sum(row.size for row in ledger.rows if row.layer == number) == content
        assert ledger.frames[number] == ledger.layers[number] - content


def test_what_is_written_again_unchanged_is_told_from_what_is_there_twice() -> None:
    big, small = b"b" * 200_000, b"s"
    tree = tree_of({"a": big, "s": small}, {"a": big, "s": small}, {"c": big})
    ledger = added_up(tree, Owners(tree, ""))
    assert [(copy.paths, copy.rewritten, copy.lost) for copy in ledger.copies] == [
        ((("a", 1), ("a", 2), ("c", 3)), False, 400_000),
        ((("s", 1), ("s", 2)), True, 1),
    ]
