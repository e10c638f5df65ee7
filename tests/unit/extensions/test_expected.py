"""What a build is thought to take: as long as the last time, else in proportion to the sources."""

from __future__ import annotations

from pathlib import Path

import pytest

from buildkit.extensions.expected import estimated, keep, seconds_of


def test_what_is_not_known_takes_its_share_by_its_source_on_a_machine_of_this_speed() -> None:
    usual = estimated(["a", "b"], {}, {"a": 1_000, "b": 100_000})
    slow = estimated(["a", "b"], {"a": usual["a"] * 3}, {"a": 1_000, "b": 100_000})

    assert usual == {"a": pytest.approx(0.283), "b": pytest.approx(5.53)}
    assert slow == {name: pytest.approx(seconds * 3) for name, seconds in usual.items()}


def test_the_seconds_of_the_last_time_are_kept_for_the_next(tmp_path: Path) -> None:
    keep(tmp_path, {"a": 1.23456, "b": 2.0})
    keep(tmp_path, {"b": 3.0})

    assert seconds_of(tmp_path) == {"a": 1.235, "b": 3.0}


@pytest.mark.parametrize("text", ["", "[1]", '{"a": "b", "c": -1, "d": null}', "{" * 100])
def test_a_file_that_is_not_whole_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "seconds.json").write_text(text)

    assert seconds_of(tmp_path) == {}


def test_a_place_that_cannot_be_written_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    keep(tmp_path / "file", {"a": 1.0})

    assert seconds_of(tmp_path / "file") == {}
