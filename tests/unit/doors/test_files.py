from __future__ import annotations

import hashlib
import mmap
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buildkit.doors import files
from buildkit.model import ABSENT

KILLED_HALF_WAY = """
import os, signal, sys
from pathlib import Path
from buildkit.doors import files
whole = os.write
def half(descriptor, data):
    whole(descriptor, data[: len(data) // 2])
    os.kill(os.getpid(), signal.SIGKILL)
os.write = half
files.write(Path(sys.argv[1]), "new" * 1000)
"""

NO_ROOM = """
import resource, sys
from pathlib import Path
from buildkit.doors import files
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    files.write(Path(sys.argv[1]), "new" * 1000)
except OSError as error:
    sys.exit(error.errno)
"""


def run(code: str, *arguments: object) -> int:
    return subprocess.run([sys.executable, "-c", code, *map(str, arguments)], check=False, timeout=60).returncode


def names(folder: Path) -> list[str]:
    return [entry.name for entry in folder.iterdir()]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "file"


def test_a_writer_that_is_killed_half_way_leaves_the_old_content(file: Path) -> None:
    file.write_text("old")

    assert run(KILLED_HALF_WAY, file) == -signal.SIGKILL

    assert file.read_text() == "old"


def test_a_disk_without_room_leaves_the_old_content_and_nothing_else(file: Path) -> None:
    file.write_text("old")

    assert run(NO_ROOM, file) != 0

    assert file.read_text() == "old"
    assert names(file.parent) == ["file"]


@pytest.mark.parametrize("durable", [False, True])
def test_a_file_is_written_with_its_mode_and_its_folders(tmp_path: Path, durable: bool) -> None:
    file = tmp_path / "some" / "where" / "file"

    files.write(file, "naïve", mode=0o755, durable=durable)

    assert file.read_bytes() == "naïve".encode()
    assert file.stat().st_mode & 0o777 == 0o755
    assert names(file.parent) == ["file"]


def test_a_reader_keeps_the_file_that_it_has_mapped(file: Path) -> None:
    """A process that imported an extension would crash if the extension were written in place."""
    file.write_bytes(b"old")
    source = file.with_name("source")
    source.write_bytes(b"new")
    with file.open("rb") as opened, mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        files.write(file, b"newer")
        files.copy(source, file, mode=0o755)
        assert mapped[:] == b"old"
    assert (file.read_bytes(), file.stat().st_mode & 0o777) == (b"new", 0o755)


def test_an_equal_file_is_not_written_again(file: Path) -> None:
    assert files.write_if_changed(file, "text")
    before = file.stat()

    assert not files.write_if_changed(file, b"text")
    assert file.stat().st_ino == before.st_ino
    assert files.write_if_changed(file, "other")
    assert file.read_text() == "other"


def test_a_copy_of_nothing_leaves_nothing(file: Path) -> None:
    with pytest.raises(FileNotFoundError):
        files.copy(file.with_name("nowhere"), file)
    assert names(file.parent) == []


@given(content=st.binary(max_size=100) | st.just(b"x" * ((1 << 20) + 1)) | st.just(b"y" * (2 << 20)))
def test_a_digest_is_the_sha256_of_the_content(content: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    file = tmp_path_factory.mktemp("digest") / "file"
    file.write_bytes(content)

    assert files.digest_file(file) == hashlib.sha256(content).hexdigest()


def test_where_there_is_no_regular_file_the_digest_is_absent(file: Path) -> None:
    assert files.digest_file(file) == ABSENT
    assert files.digest_file(file.parent) == ABSENT
    file.touch()
    assert files.digest_file(file / "below") == ABSENT


def test_remove_says_whether_there_was_something(file: Path) -> None:
    file.touch()

    assert files.remove(file)
    assert not files.remove(file)


def test_a_file_that_is_made_once_has_one_maker(tmp_path: Path) -> None:
    place = tmp_path / "claims/1"
    assert files.write_once(place, "first")
    assert not files.write_once(place, "second")
    assert place.read_text() == "first"
    assert [path.name for path in place.parent.iterdir()] == ["1"]


def test_who_made_a_file_whose_answer_was_lost_is_its_maker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a client of NFS does where the server's answer did not come: it asks again, and the name is there."""
    link = os.link

    def twice(source: str, target: Path) -> None:
        link(source, target)
        link(source, target)

    monkeypatch.setattr(os, "link", twice)
    assert files.write_once(tmp_path / "1", "first")
    assert not files.write_once(tmp_path / "1", "second")
    assert (tmp_path / "1").read_text() == "first"


def test_a_folder_that_its_file_system_does_not_make_is_an_error_at_once() -> None:
    with pytest.raises(FileNotFoundError):
        files.make_own_folder(Path("/proc/nowhere/deeper"))
