"""Archives and artefacts once more where the kernel itself lets nothing be written but to one folder."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from buildkit.doors import process

TARGETS = (
    "test_fuzz_kept.py::test_an_archive_brings_whole_entries_or_is_damaged",
    "test_fuzz_registry.py::test_an_artefact_is_a_generation_or_is_said_to_be_odd",
)

ALONE = """
set -e
mount --make-rprivate /
mount --bind "$ROOM" "$ROOM"
awk '{print $5}' /proc/self/mountinfo | sort -u | while read -r place; do
  case $place in "$ROOM"|/proc*|/sys*|/dev*) ;; *) mount -o remount,bind,ro "$place" ;; esac
done
! touch "$ROOM/../outside" 2>"$ROOM/refused"
touch "$ROOM/inside"
cd "$TESTS"
exec "$@"
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives a process a view of the disk of its own")
def test_nothing_is_missing_where_nothing_else_can_be_written(tmp_path: Path) -> None:
    if not process.run(["unshare", "--mount", "true"]).ok:
        pytest.skip("this kernel gives no view of the disk of its own")
    room = tmp_path / "room"
    room.mkdir()
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "--hypothesis-profile=brief",
        "-pno:cacheprovider",
        f"--basetemp={room}/base",
        *TARGETS,
    ]
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-c", ALONE, "sh", *command],
        env={
            **os.environ,
            "ROOM": str(room),
            "TESTS": str(Path(__file__).parent),
            "TMPDIR": str(room),
            "HOME": str(room),
        }
        | {"PYTHONDONTWRITEBYTECODE": "1", "PYTEST_ADDOPTS": ""},
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(TARGETS)} passed" in done.stdout
    assert "ead-only" in (room / "refused").read_text()
    assert (room / "inside").exists()
    assert [place.name for place in tmp_path.iterdir()] == ["room"]
