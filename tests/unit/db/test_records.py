"""What is written down of the copies, and what is read of a file that somebody else may have written."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from buildkit.db import records
from buildkit.db.records import READY, REPLACING, Copy, Records
from buildkit.db.revision_texts import Content

COPY = Copy("dev_two_0a0b0c0d", "two", {"one": Content("1", "3.11:1")}, REPLACING, 12.5, "ab", "mine", "dev")


def test_what_was_written_is_read(tmp_path: Path) -> None:
    written = Records((COPY, Copy("dev")), "dev")
    records.write(tmp_path, written)
    assert records.read(tmp_path) == written
    assert (tmp_path / "copies.json").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("name", 'dev"; DROP DATABASE "dev'),
        ("name", "Dev"),
        ("name", "x" * 64),
        ("replaces", "a b"),
        ("state", "odd"),
        ("used", "yesterday"),
        ("used", 1e300),
        ("revisions", {"one": ["1"]}),
        ("revisions", [1]),
        ("head", None),
    ],
)
def test_odd_records_are_none(tmp_path: Path, name: str, value: object) -> None:
    records.write(tmp_path, Records((COPY,), "dev"))
    content = json.loads((tmp_path / "copies.json").read_text())
    content["copies"][0][name] = value
    (tmp_path / "copies.json").write_text(json.dumps(content))
    (tmp_path / "copies.json").chmod(0o600)
    assert records.read(tmp_path) == Records()


def test_records_that_everybody_may_write_are_none(tmp_path: Path) -> None:
    records.write(tmp_path, Records((COPY,), "dev"))
    (tmp_path / "copies.json").chmod(0o666)
    assert records.read(tmp_path) == Records()


def test_a_snapshot_is_found_by_its_name_once_it_is_complete() -> None:
    assert Records((COPY,)).snapshot("mine") is None
    done = replace(COPY, name="s", state=READY)
    assert Records((COPY, done)).snapshot("mine") == done


def test_what_goes_is_no_longer_present() -> None:
    found = Records((COPY, Copy("dev")), "dev")
    assert found.without(["dev"]) == Records((COPY,), "")
    assert found.without([COPY.name]).present == "dev"
