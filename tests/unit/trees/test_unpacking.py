"""What an archive may bring: plain files with names of their own, as a record says that they are, and nothing else."""

from __future__ import annotations

import io
import os
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from buildkit.core.fingerprint import digest_bytes
from buildkit.core.untrusted import Odd
from buildkit.trees import tar
from buildkit.trees.entry import EXECUTABLE, File
from buildkit.trees.unpacking import Twice, unpack

BODY = b"content\n"
MADE = 1_700_000_000_123_456_789
PLAIN = File(len(BODY), digest_bytes(BODY), MADE)
RUNS = File(len(BODY), digest_bytes(BODY), MADE, EXECUTABLE)
LATIN = os.fsdecode(b"out/caf\xe9.txt")


def packed(*names: str, mode: int = 0o644) -> Callable[[int], bytes]:
    return io.BytesIO(b"".join(tar.written((tar.Member(name, len(BODY), mode), [BODY]) for name in names))).read


def foreign(name: str, **about: object) -> Callable[[int], bytes]:
    """Return an archive with one member as another program writes it."""
    member = tarfile.TarInfo(name)
    member.size = len(BODY)
    for key, value in about.items():
        setattr(member, key, value)
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as archive:
        archive.addfile(member, io.BytesIO(BODY))
    file.seek(0)
    return file.read


def test_files_get_mode_and_time_of_the_record_and_not_of_the_archive(tmp_path: Path) -> None:
    names = ("out/a", "out/run", LATIN, f"out/{'n' * 200}")
    recorded = dict.fromkeys(names, PLAIN) | {"out/run": RUNS}
    before = os.umask(0o022)
    try:
        assert unpack(packed(*names, mode=0o6777), recorded, tmp_path) == recorded
    finally:
        os.umask(before)
    modes = {path: (tmp_path / path).stat().st_mode & 0o7777 for path in names}
    assert modes == dict.fromkeys(names, 0o444) | {"out/run": 0o555}
    assert {(tmp_path / path).stat().st_mtime_ns for path in names} == {MADE}


@pytest.mark.parametrize("name", ["/etc/passwd", "../a", "out/../../a", "./a", "out//a", "n" * 300])
def test_names_that_leave_the_folder_or_are_too_long_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(Odd):
        unpack(foreign(name), {name: PLAIN}, tmp_path)
    assert [*tmp_path.iterdir()] == []


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE, tarfile.DIRTYPE])
def test_links_devices_and_folders_are_refused(tmp_path: Path, kind: bytes) -> None:
    with pytest.raises(Odd, match="is no plain file"):
        unpack(foreign("out/a", type=kind, linkname="/etc/passwd", size=0), {"out/a": PLAIN}, tmp_path)
    assert [*tmp_path.iterdir()] == []


def test_a_file_comes_once_and_as_the_record_says(tmp_path: Path) -> None:
    with pytest.raises(Odd, match="twice"):
        unpack(packed("out/a", "out/a"), {"out/a": PLAIN}, tmp_path / "one")
    with pytest.raises(Twice, match="out/a"):
        unpack(packed("out/a"), {"out/a": PLAIN}, tmp_path / "one")
    with pytest.raises(Odd, match="is not what its manifest says"):
        unpack(packed("out/b"), {"out/a": PLAIN}, tmp_path / "two")
    with pytest.raises(Odd, match="is not what its manifest says"):
        unpack(packed("out/a"), {"out/a": File(7, PLAIN.digest, MADE)}, tmp_path / "three")


def test_no_link_on_the_way_is_followed(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree/out").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="no folder, and one has to be"):
        unpack(packed("out/a"), {"out/a": PLAIN}, tmp_path / "tree")
    (tmp_path / "tree/b").symlink_to(tmp_path / "elsewhere/b")
    with pytest.raises(Twice):
        unpack(packed("b"), {"b": PLAIN}, tmp_path / "tree")
    assert [*(tmp_path / "elsewhere").iterdir()] == []


@pytest.mark.parametrize("size", [0, 100, 512, 515, 600, 1024])
def test_one_that_is_cut_is_refused(tmp_path: Path, size: int) -> None:
    with pytest.raises(Odd):
        unpack(io.BytesIO(packed("out/a")(-1)[:size]).read, {"out/a": PLAIN}, tmp_path)


@pytest.mark.parametrize("content", [[b"short"], [BODY, b"more"], []])
def test_a_file_that_changed_while_it_was_packed_is_refused(content: list[bytes]) -> None:
    with pytest.raises(Odd, match="out/a' has another size than the 8 bytes that it had"):
        b"".join(tar.written([(tar.Member("out/a", len(BODY), 0o444), content)]))


def test_a_record_is_filled_for_other_programs() -> None:
    members = [(tar.Member("a", len(BODY), 0o644), [BODY])]
    with tarfile.open(fileobj=(file := io.BytesIO()), mode="w", format=tarfile.USTAR_FORMAT) as archive:
        archive.addfile(tarfile.TarInfo.frombuf(tar.header("a", len(BODY), 0o644), "utf-8", "strict"), io.BytesIO(BODY))
    assert b"".join(tar.written(members, tar.RECORD)) == file.getvalue()
    assert len(b"".join(tar.written(members))) == 4 * tar.BLOCK
