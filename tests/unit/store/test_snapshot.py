from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from buildkit.doors.statcache import NO_STAMPS, Row, row_of
from buildkit.model import ABSENT
from buildkit.store import snapshot as snapshots
from buildkit.store.snapshot import Snapshot, from_rows

OLD = time.time() - 3600


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name in ("one.py", "two.py", "in/three.py"):
        file = tmp_path / "tree" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(name)
    return tmp_path / "tree"


def settle(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let what was just written count as old."""
    real = time.time_ns
    monkeypatch.setattr(time, "time_ns", lambda: real() + 10**11)


def look(tree: Path) -> Snapshot:
    names = ("one.py", "two.py", "in/three.py", "never.py")
    rows = {str(tree / name): row_of(str(tree / name), folder=False) for name in names}
    folders = {str(place): row_of(str(place), folder=True) for place in (tree, tree / "in", tree / "nowhere")}
    return from_rows(rows, folders, {"what": "it came to"})


def touched(seen: Snapshot) -> list[str]:
    return [seen.paths[at] for at in seen.touched()]


def contents(seen: Snapshot) -> list[object]:
    columns = [list(seen.paths), seen.stamps, seen.digests]
    return [*columns, seen.files, dict(seen.found), seen.damaged]


def test_what_was_written_is_read_again(tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settle(monkeypatch)
    seen = look(tree)
    snapshots.write(tmp_path / "seen", seen)

    again = snapshots.read(tmp_path / "seen")

    assert contents(again) == contents(seen)
    assert again.rows() == {path: row_of(path, folder=False) for path in seen.paths[:4]}
    assert again.touched() == []


def test_an_empty_look_is_written_and_read(tmp_path: Path) -> None:
    snapshots.write(tmp_path / "seen", Snapshot())

    assert contents(snapshots.read(tmp_path / "seen")) == contents(Snapshot())


def test_nothing_was_seen_where_there_is_no_file(tmp_path: Path) -> None:
    assert contents(snapshots.read(tmp_path / "seen")) == contents(Snapshot())


def test_each_change_is_seen(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settle(monkeypatch)
    seen = look(tree)

    (tree / "one.py").write_text("ONE.py")
    (tree / "never.py").write_text("now it is")
    (tree / "in/three.py").unlink()
    (tree / "nowhere").mkdir()

    changed = ["one.py", "in/three.py", "never.py", "", "in", "nowhere"]
    assert touched(seen) == [str(tree / name) for name in changed]


def test_stamps_that_say_nothing_make_it_look_again(tree: Path) -> None:
    seen = look(tree)  # all was just written

    assert touched(seen) == [
        *(str(tree / name) for name in ("one.py", "two.py", "in/three.py")),
        *map(str, (tree, tree / "in")),
    ]
    assert seen.digest(seen.paths.index(str(tree / "one.py"))) == row_of(str(tree / "one.py"), folder=False)[4]


def test_a_path_is_stamped_anew(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settle(monkeypatch)
    seen = look(tree)
    os.utime(tree / "one.py")
    [at] = seen.touched()

    seen.stamp(at, row_of(seen.paths[at], folder=False))

    assert seen.touched() == []


def test_stamps_too_large_for_the_file_say_nothing() -> None:
    row: Row = (1, 2, 3, 1 << 63, "00" * 31 + "01")

    seen = from_rows({"a": row}, {}, {})

    assert list(seen.stamps) == [NO_STAMPS, 0, 0, 0]
    assert (seen.digest(0), from_rows({"a": (*row[:4], ABSENT)}, {}, {}).digest(0)) == (row[4], ABSENT)


def test_every_flipped_byte_and_every_cut_is_noticed(tree: Path, tmp_path: Path) -> None:
    file = tmp_path / "seen"
    snapshots.write(file, look(tree))
    whole = file.read_bytes()

    for at in range(len(whole)):
        file.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        assert snapshots.read(file).damaged
        file.write_bytes(whole[:at])
        assert snapshots.read(file).damaged


def test_what_a_killed_writer_left_is_cleared_away(tmp_path: Path) -> None:
    left = tmp_path / ".seen.abc.tmp"
    left.write_text("half")

    snapshots.write(tmp_path / "seen", Snapshot())

    assert not left.exists()
