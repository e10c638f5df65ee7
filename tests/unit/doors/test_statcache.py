from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from buildkit.doors import statcache
from buildkit.doors.files import digest_file
from buildkit.doors.statcache import Row, StatCache
from buildkit.model import ABSENT

Later = Callable[[float], None]


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Later:
    """Let the clock show some seconds more than it does; stamps of files stay as they are."""
    real = time.time_ns

    def move(seconds: float) -> None:
        monkeypatch.setattr(time, "time_ns", lambda: real() + int(seconds * 1e9))

    return move


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "file"
    file.write_text("one")
    return file


def look(file: Path, rows: dict[str, Row]) -> tuple[str, bool, dict[str, Row]]:
    """One run: the digest, whether the file was read for it, and what the run keeps, as the state file would."""
    cache = StatCache(json.loads(json.dumps(rows)))
    return cache.digest(str(file)), cache.changed, cache.trusted_rows()


def test_a_settled_file_is_read_once_and_then_known_by_its_stamps(file: Path, later: Later) -> None:
    later(10)
    digest, read, rows = look(file, {})
    assert (digest, read) == (digest_file(file), True)

    digest, read, kept = look(file, rows)

    assert (digest, read) == (digest_file(file), False)
    assert json.dumps(kept) == json.dumps(rows)


def test_a_touched_file_is_read_once_more(file: Path, later: Later) -> None:
    later(10)
    _, _, rows = look(file, {})
    os.utime(file)

    digest, read, rows = look(file, rows)
    assert (digest, read) == (digest_file(file), True)

    assert look(file, rows)[1] is False


def test_a_file_that_was_just_written_is_read_again_next_time(file: Path) -> None:
    _, _, rows = look(file, {})
    assert rows == {}

    file.write_text("two")

    assert look(file, rows)[0] == digest_file(file)


def test_an_edit_of_the_same_size_with_its_old_time_is_seen(file: Path, later: Later) -> None:
    later(10)
    before = file.stat()
    old, _, rows = look(file, {})
    file.write_text("two")
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert (file.stat().st_size, file.stat().st_mtime_ns) == (before.st_size, before.st_mtime_ns)

    digest, read, _ = look(file, rows)

    assert (digest != old, read) == (True, True)


def test_another_file_in_its_place_with_the_same_stamps_is_seen(file: Path, later: Later) -> None:
    later(10)
    _, _, rows = look(file, {})
    other = file.with_name("other")
    other.write_text("two")
    os.utime(other, ns=(file.stat().st_atime_ns, file.stat().st_mtime_ns))
    other.replace(file)

    assert look(file, rows)[0] == digest_file(file)


def test_stamps_from_the_future_are_not_trusted(file: Path, later: Later) -> None:
    """So a clock that was set back leaves them: an edit may get a stamp that was there before."""
    later(-3600)
    assert look(file, {})[2] == {}

    later(10)
    ahead = time.time_ns() + 3600 * 10**9
    os.utime(file, ns=(ahead, ahead))
    assert look(file, {})[2] == {}


def test_in_one_run_a_file_is_read_once_until_it_is_forgotten(file: Path) -> None:
    cache = StatCache({})
    old = cache.digest(str(file))
    file.write_text("two")
    assert cache.digest(str(file)) == old

    cache.forget(str(file))

    assert cache.digest(str(file)) == digest_file(file) != old


def test_what_is_forgotten_has_not_changed_for_that(file: Path) -> None:
    """One thread looks at a header again while another asks whether the files of its tool have changed."""
    cache = StatCache({})
    assert cache.content_changed([str(file)]) == "", "nothing rests on what was never read"
    cache.digest(str(file))
    cache.forget(str(file))
    assert cache.content_changed([str(file)]) == ""
    file.write_text("another text")
    assert cache.content_changed([str(file)]) == str(file)
    cache.digest(str(file))
    assert cache.content_changed([str(file)]) == ""


def test_a_file_that_comes_and_goes_is_followed(tmp_path: Path, later: Later) -> None:
    later(10)
    file = tmp_path / "file"
    assert look(file, {}) == (ABSENT, False, {})
    file.write_text("one")
    digest, _, rows = look(file, {})
    assert digest == digest_file(file)
    file.unlink()
    assert look(file, rows) == (ABSENT, False, {})


def test_what_is_no_regular_file_is_absent_and_never_opened(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    (tmp_path / "file").touch()

    cache = StatCache({})

    assert cache.digest(str(tmp_path)) == ABSENT
    assert cache.digest(str(pipe)) == ABSENT, "to open it would wait for a writer"
    assert cache.digest(str(tmp_path / "file" / "below")) == ABSENT


def test_only_what_this_run_asked_for_is_kept(tmp_path: Path, file: Path, later: Later) -> None:
    later(10)
    _, _, rows = look(file, {})
    other = tmp_path / "other"
    other.touch()

    assert list(look(other, rows)[2]) == [str(other)]


def test_what_changes_while_it_is_read_is_read_again(file: Path, later: Later, monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock may have moved on far before the reading ends; the row rests on what was there when it began."""

    def slowly(path: str) -> str:
        found = digest_file(path)
        later(10)
        return found

    monkeypatch.setattr(statcache, "digest_file", slowly)
    cache = StatCache({})
    cache.digest(str(file))

    assert cache.trusted_rows() == {}
