"""What parts of some work took the last time: kept for the next, and nothing where that is lost."""

from __future__ import annotations

from pathlib import Path

import pytest

from buildkit.doors import durations


def test_those_that_are_no_more_are_forgotten_where_all_are_replaced(tmp_path: Path) -> None:
    durations.keep(tmp_path / "seconds.json", {"a": 1.0, "b": 2.0})
    durations.replace(tmp_path / "seconds.json", {"b": 4.0, "cached": 0.0})

    assert durations.read(tmp_path / "seconds.json") == {"b": 4.0}


def test_the_seconds_of_the_last_time_are_kept_for_the_next(tmp_path: Path) -> None:
    durations.keep(tmp_path / "seconds.json", {"a": 1.23456, "b": 2.0})
    durations.keep(tmp_path / "seconds.json", {"b": 3.0})

    assert durations.read(tmp_path / "seconds.json") == {"a": 1.235, "b": 3.0}


@pytest.mark.parametrize("text", ["", "[1]", '{"a": "b", "c": -1, "d": null}', "{" * 100])
def test_a_file_that_is_not_whole_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "seconds.json").write_text(text)

    assert durations.read(tmp_path / "seconds.json") == {}


def test_a_place_that_cannot_be_written_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    durations.keep(tmp_path / "file" / "seconds.json", {"a": 1.0})

    assert durations.read(tmp_path / "file" / "seconds.json") == {}
