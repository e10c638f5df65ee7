"""The watching itself, with the real watcher; what a batch means is told in test_tree and test_changes."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from buildkit.core.changes import Layout
from buildkit.dev import watch as watching
from buildkit.dev.tree import Tree
from buildkit.dev.watch import Batch, Watch, git_folder


class Watching:
    """A watch on a project, one batch at a time."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.stop = threading.Event()
        self.warnings: list[str] = []
        self.watch = Watch(self._tree("app"), self.warnings.append, git=root / ".git", stop=self.stop)
        self._batches: Iterator[Batch] = iter(self.watch)
        assert not next(self._batches), "the first says that the watching is in force"

    def _tree(self, *packages: str) -> Tree:
        return Tree(self.root, Layout(packages=packages))

    def also(self, package: str) -> None:
        self.watch.renew(self._tree("app", package))

    def next(self, ticks: int = 40) -> Batch:
        """Return the next batch that is not empty; an empty one if none comes within two seconds."""
        return next((batch for _, batch in zip(range(ticks), self._batches, strict=False) if batch), Batch())

    def quiet(self) -> bool:
        return not self.next(ticks=8)


@pytest.fixture
def it(project: Callable[[Mapping[str, str]], Path]) -> Iterator[Watching]:
    found = Watching(project({"pyproject.toml": "", "app/a.py": "1", "more/b.py": "1", ".git/HEAD": ""}))
    yield found
    found.stop.set()
    assert found.next() == Batch(), "it ends when told to"


def test_saves_in_one_breath_are_one_batch(it: Watching) -> None:
    for name in ("a.py", "b.py", "c.py"):
        (it.root / "app" / name).write_text("2")
    paths = {f"{it.root}/app/{name}" for name in ("a.py", "b.py", "c.py")}
    assert it.next() == Batch(frozenset(paths))
    assert it.quiet()


def test_what_does_not_count_never_comes_through(it: Watching) -> None:
    for name in ("a.o", "a.so", "a.txt", ".a.py.swp"):
        (it.root / "app" / name).write_text("2")
    (it.root / "more/b.py").write_text("2")
    assert it.quiet()


def test_a_new_folder_is_looked_through_and_watched(it: Watching) -> None:
    (it.root / "app/new").mkdir()
    (it.root / "app/new/a.py").write_text("1")
    assert it.next().everything
    (it.root / "app/new/a.py").write_text("2")
    assert it.next().paths == {f"{it.root}/app/new/a.py"}


def test_a_folder_made_again_is_watched_again(it: Watching) -> None:
    for _ in range(2):
        (it.root / "app").rename(it.root / "away")
        assert it.next().everything
        (it.root / "away").rename(it.root / "app")
        assert it.next().everything
    (it.root / "app/a.py").write_text("2")
    assert it.next().paths == {f"{it.root}/app/a.py"}


def test_git_at_work_is_waited_for(it: Watching) -> None:
    lock = it.root / ".git/index.lock"
    lock.write_text("")
    (it.root / "app/a.py").write_text("2")
    assert it.quiet()
    (it.root / "app/b.py").write_text("2")
    assert it.quiet()
    lock.unlink()
    batch = it.next()
    assert batch.everything
    assert {Path(path).name for path in batch.paths} == {"a.py", "b.py"}
    assert it.quiet()


def test_a_lock_that_git_left_behind_is_mentioned_once(it: Watching, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "LOCK_PATIENCE", 0.2)
    (it.root / ".git/index.lock").write_text("")
    (it.root / "app/a.py").write_text("2")
    assert it.next()
    assert it.quiet()
    assert [".git/index.lock has been there for 0.2 s" in warning for warning in it.warnings] == [True]


def test_other_folders_from_now_on(it: Watching) -> None:
    it.also("more")
    assert it.next().everything
    (it.root / "more/b.py").write_text("2")
    assert it.next().paths == {f"{it.root}/more/b.py"}


def test_a_link_that_leads_nowhere_hides_no_other_file_from_polling(it: Watching) -> None:
    folder = it.root / "app"
    (folder / "0.py").symlink_to("nowhere")
    for number in range(20):
        (folder / f"{number}a.py").write_text("1")
    before = watching._states([str(folder)])
    assert len(before) == 21
    (folder / "7a.py").write_text("22")
    after = watching._states([str(folder)])
    assert {path for path in after if after[path] != before[path]} == {str(folder / "7a.py")}


def test_where_events_cannot_be_had_files_are_looked_at(it: Watching) -> None:
    """A name that is not UTF-8 cannot come out of the watcher."""
    (it.root / "app" / os.fsdecode(b"b\xff.txt")).write_text("2")
    assert it.next().everything, "what came meanwhile is not known"
    (warning,) = it.warnings
    assert warning.startswith("changes cannot be watched (")
    assert warning.endswith("looking for them every 0.3 s instead")
    for text in ("22", "33"):
        (it.root / "app/a.py").write_text(text)
        os.utime(it.root / "app/a.py", (1_000_000_000, 1_000_000_000))  # of the same size and time
        assert it.next().paths == {f"{it.root}/app/a.py"}


def test_a_linked_worktree_has_a_git_folder_of_its_own(project: Callable[[Mapping[str, str]], Path]) -> None:
    root = project({"main/.git/HEAD": "", "linked/.git": "gitdir: ../main/.git/worktrees/linked\n", "linked/sub/a": ""})
    assert git_folder(root / "main") == root / "main/.git"
    assert git_folder(root / "linked/sub") == root / "main/.git/worktrees/linked"
