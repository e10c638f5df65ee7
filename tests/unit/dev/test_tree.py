from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from buildkit.core.changes import Layout, Need
from buildkit.dev.tree import Tree
from buildkit.model import Reason

LAYOUT = Layout(source_root="src", packages=("src/app",), inputs=("tle/*.txt",), outputs=(".buildkit", "data"))
FILES = {
    "pyproject.toml": "",
    "src/app/main.py": "1",
    "src/app/deep/part.py": "1",
    "src/app/__pycache__/main.py": "1",
    "src/app/tests/test_main.py": "1",
    "src/app/venv/pyvenv.cfg": "1",
    "src/app/venv/lib/site.py": "1",
    "src/other/main.py": "1",
    "tle/a.txt": "1",
    "data/current/a.txt": "1",
}


@pytest.fixture
def root(project: Callable[[Mapping[str, str]], Path]) -> Path:
    return project(FILES)


def test_only_folders_with_code_inputs_and_settings_are_watched(root: Path) -> None:
    folders = [os.path.relpath(folder, root) for folder in Tree(root, LAYOUT).folders()]
    assert folders == [".", "src", "src/app", "src/app/deep", "tle"]


def test_a_touched_file_has_not_changed(root: Path) -> None:
    tree = Tree(root, LAYOUT)
    file = root / "src/app/main.py"
    file.write_text("1")
    assert tree.changes([str(file)]).needs == ()


def test_a_file_that_was_replaced_has_changed_once(root: Path) -> None:
    tree = Tree(root, LAYOUT)
    file = root / "src/app/main.py"
    file.unlink()
    file.write_text("2")
    assert tree.changes([str(file)]).reason == Reason("changed", "src/app/main.py")
    assert tree.changes([str(file)]).needs == ()
    assert tree.changes().needs == ()


def test_there_and_back_is_no_change(root: Path) -> None:
    tree = Tree(root, LAYOUT)
    file = root / "src/app/main.py"
    file.write_text("2")
    file.write_text("1")
    assert tree.changes().needs == ()


def test_what_is_again_what_it_was_when_all_was_taken_up(root: Path) -> None:
    tree = Tree(root, LAYOUT)
    assert tree.is_undone()
    file, new = root / "src/app/main.py", root / "src/app/new.py"
    for text in ("2", "3"):
        file.write_text(text)
        tree.changes([str(file)])
    assert not tree.is_undone()
    file.write_text("1")
    tree.changes([str(file)])
    assert tree.is_undone()
    new.write_text("1")
    tree.changes()
    assert not tree.is_undone()
    tree.settle()
    assert tree.is_undone()
    new.unlink()
    tree.changes()
    assert not tree.is_undone()


def test_a_look_at_everything_finds_what_no_event_named(root: Path) -> None:
    tree = Tree(root, LAYOUT)
    (root / "src/app/new").mkdir()
    (root / "src/app/new/a.py").write_text("1")
    (root / "src/app/deep/part.py").unlink()
    assert tree.changes().files == ("src/app/deep/part.py", "src/app/new/a.py")


def test_data_inputs_count_by_their_state(root: Path) -> None:
    tree = Tree(root, LAYOUT)
    file = root / "tle/a.txt"
    file.write_text("longer")
    assert tree.changes([str(file)]).needs == (Need.REFRESH,)


def test_what_counts(root: Path) -> None:
    tree = Tree(root, LAYOUT)
    assert tree.is_relevant(f"{root}/src/app/main.py")
    assert tree.is_relevant(f"{root}/src/app/main.c")
    assert not tree.is_relevant(f"{root}/src/app/main.o")
    assert not tree.is_relevant(f"{root}/src/other/main.py")


def test_what_a_service_names_is_watched_wherever_it_lies(project: Callable[[Mapping[str, str]], Path]) -> None:
    layout = replace(LAYOUT, watched=("src/app/templates/**", "conf/*.yaml", ".env", "data/**", "tle/*.txt"))
    root = project({**FILES, "src/app/templates/in/a.html": "1", "conf/a.yaml": "1", "conf/b.txt": "1", ".env": "1"})
    tree = Tree(root, layout)
    folders = [os.path.relpath(folder, root) for folder in tree.folders()]
    assert {"src/app/templates/in", "conf"} <= {*folders}
    for name in ("src/app/templates/in/a.html", "conf/a.yaml", ".env"):
        (root / name).write_text("2")
        assert tree.changes().needs == (Need.RESTART,), name
        (root / name).touch()
        assert not tree.changes().needs
    (root / "conf/b.txt").write_text("2")
    (root / "data/current/a.txt").write_text("2")
    assert not tree.changes().needs, "not named, and what the suite writes"
    (root / "tle/a.txt").write_text("2")
    assert tree.changes().needs == (Need.REFRESH, Need.RESTART)


def test_how_is_migrated_is_watched(project: Callable[[Mapping[str, str]], Path]) -> None:
    root = project({**FILES, "src/app/db/env.py": "1", "src/app/db/script.py.mako": "1"})
    tree = Tree(root, replace(LAYOUT, migrations=("alembic.ini", "src/app/db/env.py")))
    for name in ("alembic.ini", "src/app/db/env.py"):
        (root / name).write_text("2")
        assert tree.is_relevant(str(root / name))
        assert tree.changes().needs == (Need.MIGRATE, Need.RESTART)
        assert not tree.changes().needs


def test_what_was_written_is_known_although_nothing_changed(root: Path) -> None:
    tree = Tree(root, LAYOUT)
    file = root / "src/app/main.py"
    moment = root / "src/app/moment.py"
    for look in (None, [str(file), str(moment)]):
        file.write_text("2")
        file.unlink()
        file.write_text("1")
        (root / "tle/a.txt").touch()
        assert tree.changes(look).needs in {(), (Need.REFRESH,)}
        named = [str(moment), str(root / "src/app/.#main.py"), str(root / "notes.txt")]
        assert tree.written(named) == {"src/app/main.py", "src/app/moment.py"}, "what is gone was there for a moment"
        tree.changes(look)
        assert tree.written([]) == set()
