"""A folder that holds these files and nothing else."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from buildkit.core.untrusted import Odd
from buildkit.trees import exact


def test_what_is_the_same_is_not_written_and_all_else_goes(tmp_path: Path) -> None:
    folder = tmp_path / "made"
    exact.hold(folder, {"a": b"1", "b/c": b"2", "d": b"3"})
    before = (folder / "a").stat().st_ino
    os.mkfifo(folder / "pipe")
    exact.hold(folder, {"a": b"1", "b": b"4", "d/e": b"5"})
    assert (folder / "a").stat().st_ino == before
    assert {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()} == {
        "a": b"1",
        "b": b"4",
        "d/e": b"5",
    }
    assert not (folder / "pipe").exists()


@pytest.mark.parametrize("path", ["../a", "/etc/passwd", "a/../../b", "", "a//b", "n" * 300])
def test_a_path_that_does_not_stay_in_the_folder_is_refused_before_anything_is_done(tmp_path: Path, path: str) -> None:
    (tmp_path / "made").mkdir()
    (tmp_path / "made/kept").touch()
    with pytest.raises(Odd):
        exact.hold(tmp_path / "made", {path: b""})
    assert (tmp_path / "made/kept").exists()


def test_no_path_is_a_file_and_a_folder_at_once(tmp_path: Path) -> None:
    with pytest.raises(Odd, match="lies below the file"):
        exact.hold(tmp_path / "made", {"a": b"", "a/b": b""})
