"""A manifest is whole, or it does not count."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as some

from buildkit.data.volume import manifest
from buildkit.data.volume.manifest import Manifest, NewerSchema, Piece, StageRecord
from buildkit.model import Digest
from buildkit.trees.entry import File

RECORD = StageRecord(
    "read", Digest("b" * 64), {"input a.txt": Digest("d")}, {"read/a": File(3, Digest("a" * 64), 17)}, 1.5, 0.25
)
CUT = replace(
    RECORD,
    name="cut",
    files={"cut/a": File(3, Digest("a" * 64), 17)},
    pieces={"in/a.txt": Piece(Digest("c" * 64), ("cut/a",), 1.5, 0.1)},
)
WHOLE = Manifest("000001-x", 1, 2.5, {"read": RECORD, "cut": CUT})
TEXT = manifest.text_of(WHOLE)


def test_a_manifest_comes_back_as_it_was() -> None:
    assert manifest.parse(TEXT) == WHOLE
    assert manifest.parse_stage(manifest.stage_text(RECORD)) == RECORD


@given(some.integers(0, len(TEXT) - 1))
def test_a_manifest_cut_short_does_not_count(length: int) -> None:
    assert manifest.parse(TEXT[:length]) is None


@given(some.integers(0, len(TEXT) - 1), some.sampled_from("0z"))
def test_a_manifest_with_one_wrong_character_does_not_count(at: int, character: str) -> None:
    changed = TEXT[:at] + character + TEXT[at + 1 :]
    try:
        assert changed == TEXT or manifest.parse(changed) is None
    except NewerSchema:
        assert '"schema":' in TEXT[at - 9 : at]


def test_what_a_newer_version_wrote_is_known_as_such(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(manifest, "_PLAIN_SCHEMA", manifest.SCHEMA + 1)
    text = manifest.text_of(WHOLE)
    monkeypatch.undo()
    with pytest.raises(NewerSchema):
        manifest.parse(text)
