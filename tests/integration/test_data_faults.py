"""Killed at every call that changes the disk, crowded, filled to the last byte: the data stays whole.

CI takes a part of the points, always the same. All of them: `python tests/integration/data_faults.py WHAT` prints the
counts; or `pytest --hypothesis-profile nightly tests/integration/test_data_faults.py`.
"""

from __future__ import annotations

from pathlib import Path

import disks
import pytest
from data_crowd import crowd
from data_full import fill_everywhere
from data_kills import Shim, kill_everywhere, run_killed
from data_stages import SECOND, pipeline_in, renew
from hypothesis import settings
from plugins.places import Disk
from plugins.tools import missing

NIGHTLY = settings.get_current_profile_name() == "nightly"

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("compiler"), pytest.mark.timeout(1800 if NIGHTLY else 300)]


@pytest.mark.parametrize(
    ("kind", "cold", "every", "start"),
    [("", False, 19, 3), ("", True, 19, 5), ("xfs", False, 53, 7), ("btrfs", False, 53, 11)],
)
def test_killed_at_every_point_the_next_start_sees_a_whole_generation(
    tmp_path: Path, disk: Disk, kind: str, cold: bool, every: int, start: int
) -> None:
    place = tmp_path / "place"
    place.mkdir()
    if kind:
        disk(kind, place)
    found = kill_everywhere(place, cold=cold, every=1 if NIGHTLY else every, start=1 if NIGHTLY else start)
    print(found)
    assert found.faults == []
    assert found.points > 150
    assert found.killed > found.points * (0.95 if NIGHTLY else 0.9 / every)
    assert found.new if NIGHTLY else found.old or found.none


def test_all_is_on_the_disk_before_it_becomes_visible(tmp_path: Path) -> None:
    """What a power cut leaves: files and names count from the moment in which their file or folder was synced."""
    shim = Shim(tmp_path)
    pipeline = pipeline_in(tmp_path / "project")
    renew(pipeline)
    (pipeline.root / "in.txt").write_text(SECOND)
    assert run_killed(pipeline, shim, 0, log=True) == 0
    unsynced: set[Path] = set()
    calls = shim.calls()
    switch = next(at for at, (call, path, _) in enumerate(calls) if call == "rename" and path.name == "current")
    for call, path, other in calls[:switch]:
        if call in {"write", "create"}:
            unsynced.add(path)
        if call in {"create", "rename", "link", "symlink", "mkdir"}:
            unsynced.add(path.parent)
        if call == "rename":
            unsynced = {_moved(each, Path(other), path) for each in unsynced}
        if call == "fsync":
            unsynced.discard(path)
        if call == "unlink":
            unsynced.discard(path)
    made = (pipeline.folder / "current").resolve()
    assert [each for each in unsynced if each == made.parent or made in (each, *each.parents)] == []
    assert calls[switch + 1][:2] == ("fsync", pipeline.folder)


def _moved(path: Path, old: Path, new: Path) -> Path:
    return new / path.relative_to(old) if path.is_relative_to(old) else path


def test_many_processes_and_killed_owners_make_one_commit_for_each_input(tmp_path: Path) -> None:
    found = crowd(tmp_path, kills=100 if NIGHTLY else 12, inputs=10 if NIGHTLY else 2)
    print(found)
    assert found.faults == []
    assert len(found.commits) == len(set(found.commits)) == found.inputs


def test_where_locks_keep_nobody_out_the_heartbeat_does(tmp_path: Path) -> None:
    found = crowd(tmp_path, processes=8, kills=20 if NIGHTLY else 4, inputs=5 if NIGHTLY else 2, lying=True)
    print(found)
    assert found.faults == []
    assert len(found.commits) == len(set(found.commits)) == found.inputs


@pytest.mark.parametrize(
    ("kind", "inodes", "every"),
    [(disks.MEMORY, False, 4), (disks.MEMORY, True, 4), ("xfs", False, 3), ("btrfs", False, 16)],
)
def test_a_volume_filled_to_the_last_byte_keeps_the_old_data(
    tmp_path: Path, kind: str, inodes: bool, every: int
) -> None:
    try:
        found = fill_everywhere(tmp_path, inodes=inodes, every=every // 4 if NIGHTLY else every, kind=kind)
    except (PermissionError, FileNotFoundError) as error:
        missing("disk", f"no {kind}: {error}")
    print(found)
    assert found.faults == []
    assert found.refused == found.old > 2
