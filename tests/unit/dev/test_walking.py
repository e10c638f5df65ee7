"""Packages and modules that are links: what is written at the target, or through the link, is seen under its name."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from buildkit.core.changes import Layout, Need
from buildkit.dev.tree import Tree

LAYOUT = Layout(source_root="src", packages=("src/app", "src/single"), inputs=("tle/**",))
FILES = {
    "pyproject.toml": "",
    "src/app/main.py": "1",
    "src/app/own/part.py": "1",
    "real/sub/deep/x.py": "1",
    "real/modules/y.py": "1",
    "real/modules/single.py": "1",
    "real/data/a.txt": "1",
    "tle/b.txt": "1",
}
LINKS = {
    "src/app/sub": "../../real/sub",
    "src/app/y.py": "../../real/modules/y.py",
    "src/app/again": "own",
    "src/single.py": "../real/modules/single.py",
    "tle/data": "../real/data",
}


@pytest.fixture
def root(project: Callable[[Mapping[str, str]], Path]) -> Path:
    root = project(FILES)
    for name, target in LINKS.items():
        (root / name).symlink_to(target)
    return root


def folders(tree: Tree, root: Path) -> list[str]:
    return [os.path.relpath(folder, root) for folder in tree.folders()]


def test_what_links_lead_to_is_watched_where_it_lies(root: Path) -> None:
    found = folders(Tree(root, LAYOUT), root)
    assert found == [".", "real/modules", "real/sub", "real/sub/deep", "src", "src/app", "src/app/own", "tle"]


@pytest.mark.parametrize("named", ["real/sub/deep/x.py", "src/app/sub/deep/x.py"])
def test_a_save_behind_a_linked_package_counts_by_whichever_path_it_is_reported(root: Path, named: str) -> None:
    tree = Tree(root, LAYOUT)
    tree.folders()
    (root / "real/sub/deep/x.py").write_text("2")
    assert tree.is_relevant(str(root / named))
    assert tree.changes([str(root / named)]).files == ("src/app/sub/deep/x.py",)
    assert tree.written([str(root / named)]) == {"src/app/sub/deep/x.py"}


@pytest.mark.parametrize(("target", "name"), [("y", "src/app/y.py"), ("single", "src/single.py")])
def test_a_save_at_the_target_of_a_linked_module_counts(root: Path, target: str, name: str) -> None:
    tree = Tree(root, LAYOUT)
    tree.folders()
    named = root / f"real/modules/{target}.py"
    named.write_text("2")
    assert tree.is_relevant(str(named))
    assert not tree.is_relevant(str(root / "real/modules/other.py"))
    reaction = tree.changes([str(named)])
    assert (reaction.files, reaction.needs) == ((name,), (Need.RESTART,))


def test_a_package_under_two_names_has_changed_under_both(root: Path) -> None:
    tree = Tree(root, LAYOUT)
    tree.folders()
    (root / "src/app/own/part.py").write_text("2")
    changed = tree.changes([str(root / "src/app/own/part.py")]).files
    assert changed == ("src/app/again/part.py", "src/app/own/part.py")


def test_links_that_lead_back_end(root: Path) -> None:
    for name, target in {"self": ".", "up": "../..", "own/down": "../sub", "sub/up": "../../src/app"}.items():
        (root / "src/app" / name).symlink_to(target, target_is_directory=True)
    (root / "src/app/round.py").symlink_to("round.py")
    tree = Tree(root, LAYOUT)
    found = folders(tree, root)
    assert {"real/sub/deep", "src/app/own"} <= {*found}
    assert len(found) == len({*found})
    (root / "real/sub/deep/x.py").write_text("2")
    assert "src/app/own/down/deep/x.py" in tree.changes([str(root / "real/sub/deep/x.py")]).files


@pytest.mark.parametrize("event", [True, False], ids=["named", "found by a look at everything"])
def test_a_new_link_to_a_module_asks_for_another_watch_once(root: Path, *, event: bool) -> None:
    tree = Tree(root, LAYOUT)
    tree.folders()
    assert not tree.is_outgrown
    (root / "elsewhere").mkdir()
    (root / "elsewhere/z.py").write_text("1")
    link = root / "src/app/z.py"
    link.symlink_to("../../elsewhere/z.py")
    assert tree.changes([str(link)] if event else None).files == ("src/app/z.py",)
    assert tree.is_outgrown
    assert "elsewhere" in folders(tree, root)
    tree.changes()
    assert not tree.is_outgrown


def test_the_lock_of_an_editor_is_no_link_to_a_module(root: Path) -> None:
    tree = Tree(root, LAYOUT)
    tree.folders()
    lock = root / "src/app/.#main.py"
    lock.symlink_to("somebody@somewhere.123")
    assert not tree.changes([str(lock)]).needs
    assert not tree.is_outgrown
