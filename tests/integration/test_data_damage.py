"""Data that is damaged is seen by a look, and costs the stages whose files they are."""

from __future__ import annotations

import os
import sys

import pytest
from data_service import Service, edit, seen, spoil

from buildkit.data.status.decision import Condition
from buildkit.data.status.verify import require_whole, verify
from buildkit.data.volume import generations
from buildkit.errors import DataError
from buildkit.trees import comparing


@pytest.mark.parametrize("how", ["missing", "cut short", "other bytes"])
def test_a_damaged_file_costs_its_stage(made: Service, how: str) -> None:
    file = made.current / "select/0.txt"
    if how == "missing":
        file.unlink()
    else:
        edit(file, "x" if how == "cut short" else "ONE")
    assert seen(made).condition is Condition.DAMAGED
    assert made.refresh() == {"read": "fresh", "select": "made", "count": "fresh"}
    assert made.content()["select/0.txt"] == "one"


def test_damage_counts_where_the_same_stage_is_due_anyway(made: Service) -> None:
    (made.current / "read/all.txt").unlink()
    edit(made.root / "in/a.txt", "other\n")
    assert (seen(made).condition, seen(made).detail) == (Condition.DAMAGED, "stage read, output missing: read/all.txt")


def test_a_volume_that_came_from_a_backup_is_whole(made: Service) -> None:
    for name in made.content():
        os.utime(made.current / name, (1, 1))
    assert seen(made).condition is Condition.FRESH


def test_a_damaged_manifest_is_no_manifest(made: Service) -> None:
    manifest = made.current / "manifest.json"
    edit(manifest, manifest.read_text()[:-20])
    assert seen(made).condition is Condition.DAMAGED
    assert set(made.refresh().values()) == {"made"}


def test_a_flipped_byte_is_found_by_the_deep_look_alone(made: Service) -> None:
    file = made.current / "select/0.txt"
    spoil(file, "onE")
    require_whole(verify(made.pipeline))
    found = verify(made.pipeline, deep=True)
    assert [row.result for row in found.outcomes] == ["fresh", "damaged", "fresh"]
    with pytest.raises(DataError, match="1 file is missing or damaged"):
        require_whole(found)
    assert seen(made).detail == "stage select, output damaged: select/0.txt"  # by every look from now on
    assert made.refresh() == {"read": "fresh", "select": "made", "count": "fresh"}
    assert (made.current / "select/0.txt").read_text() == "one"


def test_a_stage_that_fails_on_damaged_files_gets_new_ones(made: Service) -> None:
    """The fast look cannot see it, the stage chokes on it: what it was given is then read to the end and made again."""
    file = made.current / "select/0.txt"
    spoil(file, b"\xff\xff\xff")
    program = (
        "import pathlib, os; out = pathlib.Path(os.environ['PYBUILDKIT_DATA_OUT']);"
        "(out / 'count.txt').write_text((out / 'select/0.txt').read_text('utf-8'))"
    )
    made.change_stage("count", run=(sys.executable, "-c", program))
    assert made.refresh() == {"read": "fresh", "select": "made", "count": "made"}
    assert made.content()["count.txt"] == "one"


def test_sealed_files_keep_the_time_that_was_recorded(made: Service) -> None:
    manifest = generations.load(made.current)
    assert manifest is not None
    for record in manifest.stages.values():
        assert comparing.on_disk(record.files, made.current, None) == record.outputs
