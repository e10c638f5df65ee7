"""Only regular files are read, none that is larger than it may be, and nobody is waited for."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from buildkit.doors import files, reading, statcache
from buildkit.doors.statcache import StatCache
from buildkit.model import ABSENT


def _socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(os.path.relpath(path))


ODD: dict[str, Callable[[Path], None]] = {
    "a FIFO": os.mkfifo,
    "a socket": _socket,
    "a device": lambda path: path.symlink_to("/dev/zero"),
}


@pytest.mark.parametrize("kind", ODD)
def test_what_is_no_file_is_named_and_not_waited_for(tmp_path: Path, kind: str) -> None:
    place = tmp_path / "odd.py"
    ODD[kind](place)
    with pytest.raises(reading.NotAFile) as caught:
        reading.read(place)
    assert caught.value.filename == str(place)
    assert caught.value.strerror == f"{kind}, not a file"


@pytest.mark.parametrize("kind", ODD)
def test_what_is_no_file_has_no_digest(tmp_path: Path, kind: str) -> None:
    place = tmp_path / "odd.py"
    ODD[kind](place)
    assert files.digest_file(place) == ABSENT
    assert StatCache({}).digest(str(place)) == ABSENT
    assert statcache.row_of(str(place), folder=False)[4] == ABSENT


def test_a_link_to_itself_and_a_name_that_is_too_long_are_nothing(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")
    for place in (tmp_path / "loop", tmp_path / ("x" * 300)):
        assert files.digest_file(place) == ABSENT
        assert StatCache({}).digest(str(place)) == ABSENT


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError):
        reading.read(tmp_path)


def test_a_huge_file_is_not_read(tmp_path: Path) -> None:
    place = tmp_path / "huge.py"
    with place.open("wb") as file:
        file.truncate(1 << 42)
    with pytest.raises(OSError, match="too large"):
        reading.read_text(place)
    with pytest.raises(OSError, match="too large"):
        StatCache({}).digest(str(place))


def test_a_file_that_grows_while_it_is_read_is_given_up() -> None:
    with pytest.raises(OSError, match="too large"):
        reading.read(Path("/proc/self/maps"), most=10)  # says of itself that it is empty


def test_text_has_one_kind_of_line_ends(tmp_path: Path) -> None:
    (tmp_path / "text").write_bytes(b"a\r\nb\rc\n")
    assert reading.read_text(tmp_path / "text") == "a\nb\nc\n"


def test_a_folder_that_may_not_be_listed_is_known_by_its_stamps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.utime(tmp_path, (1, 1))

    def refuse(folder: str) -> None:
        raise PermissionError(13, "Permission denied", folder)

    monkeypatch.setattr(os, "scandir", refuse)  # root may list all
    row = statcache.unchanged_folder(str(tmp_path), 4e9)
    assert row is not None
    assert row[4] != ABSENT
    assert statcache.row_of(str(tmp_path), folder=True)[4] != row[4], "once touched, it is not taken for the same"
