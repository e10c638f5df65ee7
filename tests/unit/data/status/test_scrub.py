"""When all data was last read to its end, and whether that is long ago."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from buildkit.data.stages.pipeline import Pipeline
from buildkit.data.status import scrub
from buildkit.data.volume.manifest import Manifest, StageRecord
from buildkit.model import Digest

NOW = 1_800_000_000.0
DAY = 86400.0


def manifest(*made: float) -> Manifest:
    records = {f"stage{at}": StageRecord(f"stage{at}", Digest("k"), {}, {}, when, 1.0) for at, when in enumerate(made)}
    return Manifest("000001", 1, NOW, records)


def pipeline(folder: Path, verify: float = 30 * DAY) -> Pipeline:
    return Pipeline(folder, folder, folder, (), verify=verify)


def test_what_was_made_was_read_when_it_was_made(tmp_path: Path) -> None:
    assert scrub.last_read(tmp_path, manifest(NOW - DAY, NOW - 40 * DAY, NOW)) == NOW - 40 * DAY


def test_a_reading_counts_for_all_that_was_made_before(tmp_path: Path) -> None:
    scrub.record(tmp_path, NOW - 5 * DAY)
    assert scrub.last_read(tmp_path, manifest(NOW - 40 * DAY, NOW)) == NOW - 5 * DAY


def test_what_was_made_after_the_reading_counts_from_then(tmp_path: Path) -> None:
    scrub.record(tmp_path, NOW - 50 * DAY)
    assert scrub.last_read(tmp_path, manifest(NOW - 40 * DAY, NOW)) == NOW - 40 * DAY


@pytest.mark.parametrize("text", ["", "half", "1_8x"])
def test_a_damaged_record_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "read").write_text(text)
    assert scrub.last_read(tmp_path, manifest(NOW - 40 * DAY)) == NOW - 40 * DAY


@pytest.mark.parametrize(
    ("age", "verify", "due"),
    [
        (0.0, 30 * DAY, False),
        (29 * DAY, 30 * DAY, False),
        (30 * DAY, 30 * DAY, True),
        (-600.0, 30 * DAY, False),  # another host's clock
        (-365 * DAY, 30 * DAY, True),  # a clock that was set back
        (365 * DAY, 0.0, False),
    ],
)
def test_it_is_due_after_its_time(tmp_path: Path, age: float, verify: float, due: bool) -> None:
    assert scrub.is_due(pipeline(tmp_path, verify), NOW - age, NOW) is due


def test_where_nothing_can_be_written_it_is_never_due(tmp_path: Path) -> None:
    missing = tmp_path / "away"
    assert not os.access(missing, os.W_OK)
    assert not scrub.is_due(pipeline(missing), NOW - 400 * DAY, NOW)
