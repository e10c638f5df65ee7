"""One worker at a time, also where locks are missing or keep nobody out; who was taken for dead commits nothing."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import threading
from pathlib import Path

import pytest

from buildkit.data import names
from buildkit.data.volume import claims, generations, lease, switching
from buildkit.data.volume.lease import AlreadyClaimed, Lease
from buildkit.data.volume.manifest import Manifest
from buildkit.doors import files, locks
from buildkit.errors import StageError

MOUNTS = """\
21 1 254:0 / / rw,relatime - ext4 /dev/vda rw
40 21 0:45 / /mnt/shared rw,relatime shared:1 - nfs4 server:/data rw
41 40 0:46 / /mnt/shared/quick rw - tmpfs tmpfs rw
42 21 0:47 / /mnt/with\\040space rw - fuse.sshfs host: rw
"""


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lease, "BEAT", 0.05)


@pytest.fixture
def lying(monkeypatch: pytest.MonkeyPatch) -> None:
    """Locks that everybody gets."""
    monkeypatch.setattr(fcntl, "flock", lambda *_: None)
    monkeypatch.setattr(lease, "_locks_hold", lambda _: False)


@pytest.fixture
def lockless(monkeypatch: pytest.MonkeyPatch) -> None:
    """A volume that knows no locks."""

    def refuse(*_: object) -> None:
        raise OSError(errno.ENOLCK, "no locks available")

    monkeypatch.setattr(fcntl, "flock", refuse)


def partial_of(folder: Path, holder: Lease) -> tuple[Path, Manifest]:
    partial = switching.new(folder, holder.number, 0.0)
    return partial, Manifest(partial.name.removesuffix(names.PARTIAL), holder.number, 0.0, {})


def test_numbers_rise_and_say_who(tmp_path: Path) -> None:
    for number in (1, 2, 3):
        with lease.held(tmp_path, wait=0) as holder:
            holder.claim()
            assert holder.number == number
    assert claims.describe(tmp_path) == f"process {os.getpid()} on {os.uname().nodename}"


def test_claims_of_the_past_are_deleted(tmp_path: Path) -> None:
    for _ in range(60):
        with lease.held(tmp_path, wait=0) as holder:
            holder.claim()
    assert len(list((tmp_path / "leases").iterdir())) <= 3 * 22


@pytest.mark.usefixtures("lockless")
def test_without_locks_the_heart_decides(tmp_path: Path) -> None:
    with lease.held(tmp_path, wait=0) as holder:
        assert not lease.is_busy(tmp_path)
        holder.claim()
        assert lease.is_busy(tmp_path)
        with pytest.raises(locks.Busy), lease.held(tmp_path, wait=0):
            pass
    assert not lease.is_busy(tmp_path)


@pytest.mark.usefixtures("lying")
def test_a_heart_that_stopped_is_waited_for_and_then_succeeded(tmp_path: Path) -> None:
    with lease.held(tmp_path, wait=0) as dead:
        dead.claim()
        dead._stop.set()
        told: list[str] = []
        with lease.held(tmp_path, wait=5, on_wait=lambda: told.append("waiting")) as next_one:
            next_one.claim()
            assert (next_one.number, dead.overtaken) == (2, True)
            with pytest.raises(StageError, match="began while this process was working"):
                dead.begin_commit()
            next_one.begin_commit()


@pytest.mark.usefixtures("lying")
def test_two_that_begin_at_once_are_told_apart(tmp_path: Path) -> None:
    with lease.held(tmp_path, wait=0) as first, lease.held(tmp_path, wait=0) as second:
        first.claim()
        with pytest.raises(AlreadyClaimed):
            second.claim()


@pytest.mark.usefixtures("lying")
def test_who_is_overtaken_between_confirming_and_switching_does_not_switch(tmp_path: Path) -> None:
    """The narrowest place: the old holder has won the right to commit, sleeps, and wakes when the next has begun."""
    with lease.held(tmp_path, wait=0) as old:
        old.claim()
        partial, manifest = partial_of(tmp_path, old)

        def confirm_and_sleep() -> None:
            old.begin_commit()
            old._stop.set()
            with lease.held(tmp_path, wait=5) as new:
                new.claim()
                late, later = partial_of(tmp_path, new)
                switching.commit(tmp_path, late, later, new.begin_commit)

        with pytest.raises(FileNotFoundError):
            switching.commit(tmp_path, partial, manifest, confirm_and_sleep)
    found = generations.current(tmp_path)
    assert found is not None
    assert found.name.startswith("000002-")


@pytest.mark.parametrize(
    ("folder", "hold"),
    [
        ("/srv/data", True),
        ("/mnt/shared/data", False),
        ("/mnt/shared/quick/data", True),
        ("/mnt/sharedness", True),
        ("/mnt/with space/data", False),
    ],
)
def test_which_locks_hold_is_read_from_the_mounts(folder: str, hold: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "read_text", lambda *_, **__: MOUNTS)
    assert lease._locks_hold(Path(folder)) is hold


def test_a_file_is_made_once_also_without_hard_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert files.write_once(tmp_path / "a", "first")
    assert not files.write_once(tmp_path / "a", "second")

    def refuse(*_: object) -> None:
        raise OSError(errno.EPERM, "no hard links here")

    monkeypatch.setattr(os, "link", refuse)
    assert files.write_once(tmp_path / "b", "first")
    assert not files.write_once(tmp_path / "b", "second")
    assert [(file.name, file.read_text()) for file in sorted(tmp_path.iterdir())] == [("a", "first"), ("b", "first")]


def test_a_claim_whose_file_another_process_swept_away_begins_again(tmp_path: Path) -> None:
    """Where no lock keeps others out, one that has just begun takes a file being written for a left-over."""
    (tmp_path / "leases").mkdir()
    ended = threading.Event()

    def sweep() -> None:
        while not ended.is_set():
            claims.sweep(tmp_path)

    sweeper = threading.Thread(target=sweep)
    sweeper.start()
    begun = []
    try:
        for last in range(200):
            holder = Lease(tmp_path, last)
            with contextlib.suppress(AlreadyClaimed):
                holder.claim()
                begun.append(holder.number)
            holder.end()
    finally:
        ended.set()
        sweeper.join()
    assert begun == sorted(set(begun))
    assert begun
