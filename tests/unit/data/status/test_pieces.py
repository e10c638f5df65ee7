"""What is decided for each piece, and the journal of what is finished."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as some

from buildkit.core.fingerprint import digest_bytes, fingerprint
from buildkit.data.stages.digests import beside
from buildkit.data.stages.items import Item, items_of
from buildkit.data.stages.pipeline import Pipeline, Stage
from buildkit.data.status.pieces import Division, compare, divide, first_reasons, step_of
from buildkit.data.volume import journal
from buildkit.data.volume.manifest import Piece, StageRecord
from buildkit.model import Digest, Reason
from buildkit.trees.entry import File

FRESH = "unchanged"


def of(common: str = "1", **items: str) -> Division:
    shared = fingerprint({"code app.py": Digest(common)})
    return divide(shared, tuple(Item(name, Digest(content), Path(name)) for name, content in items.items()))


def recorded(now: Division) -> StageRecord:
    files = {f"out/{item}": File(1, digest_bytes(f"made of {item}".encode()), 1) for item in now.keys}
    pieces = {item: Piece(key, (f"out/{item}",), 10.0, 0.0) for item, key in now.keys.items()}
    return StageRecord("cut", now.fingerprint.key, now.fingerprint.parts, files, 10.0, 0.0, pieces)


def seen(now: Division, then: Division, **changes: str) -> str:
    record = recorded(then)
    found = {**record.outputs, **{f"out/{name}": Digest(text) for name, text in changes.items()}}
    return str(step_of("cut", compare(now, record, found, lambda _: None)).reason)


@pytest.mark.parametrize(
    ("now", "reason"),
    [
        (of(a="1", b="2"), FRESH),
        (of(a="1", b="3"), "item changed: b"),
        (of(a="2", b="1"), "item changed: a and 1 more"),
        (of(a="1", b="2", c="3"), "item appeared: c"),
        (of(b="2"), "item gone: a"),
        (of(a="1", c="2"), "item appeared: c"),
        (of("2", a="1", b="2"), "code changed: app.py"),
    ],
)
def test_the_first_reason_speaks_for_the_stage(now: Division, reason: str) -> None:
    assert seen(now, of(a="1", b="2")) == reason


def test_damage_and_age_are_reasons_of_their_own() -> None:
    now = of(a="1", b="2")
    assert seen(now, now, a="other") == "output damaged: out/a"
    assert seen(now, now, b="absent") == "output missing: out/b"
    aged = compare(now, recorded(now), recorded(now).outputs, lambda made: Reason("expired", f"{made:g}"))
    assert str(step_of("cut", aged).reason) == "expired: 10"


def test_contents_that_change_places_are_two_changes() -> None:
    assert compare(of(a="2", b="1"), recorded(of(a="1", b="2")), {}, lambda _: None).counts["due"] == 2


def test_a_key_does_not_depend_on_the_other_items() -> None:
    assert of(a="1").keys["a"] == of(a="1", b="2").keys["a"] != of(b="1").keys["b"]


def test_the_first_few_reasons_are_told() -> None:
    now = of(**{f"i{number}": "x" for number in range(9)})
    lines = first_reasons(compare(now, None, {}, lambda _: None)).splitlines()
    assert lines == [*(f"i{number}: not built before" for number in range(5)), "4 more"]


@pytest.mark.parametrize(
    ("each", "found"),
    [
        ("stage:read", ["all.json", "read/.hidden", "read/deep/b.json", "read/x.json", "read/y.txt"]),
        ("stage:read/*.json", ["all.json", "read/x.json"]),
        ("stage:read/**/*.json", ["all.json", "read/deep/b.json", "read/x.json"]),
        ("stage:read/deep", ["read/deep/b.json"]),
        ("stage:read/*", ["all.json", "read/deep/b.json", "read/x.json", "read/y.txt"]),
        ("stage:read/[xy].*", ["read/x.json", "read/y.txt"]),
        ("stage:read/.h*", ["read/.hidden"]),
        ("stage:read/*/", ["read/deep"]),
    ],
)
def test_a_glob_over_an_earlier_stage_is_relative_to_its_output_folders(
    tmp_path: Path, each: str, found: list[str]
) -> None:
    read = Stage("read", "app:read", outputs=("read/", "all.json"))
    stage = Stage("cut", "app:cut", outputs=("cut/",), each=each)
    pipeline = Pipeline(tmp_path, tmp_path, tmp_path / "data", (read, stage))
    paths = ("read/x.json", "read/y.txt", "read/deep/b.json", "read/.hidden", "all.json")
    made = {"read": {path: Digest(path) for path in paths}}
    assert [item.name for item in items_of(stage, pipeline, made, beside(tmp_path))] == found
    assert items_of(stage, pipeline, {}, beside(tmp_path)) == ()


RECORD = recorded(of(a="1", b="2"))


def written(place: Path) -> bytes:
    kept = journal.Journal(place, RECORD)
    for item, piece in RECORD.pieces.items():
        kept.note({item: piece}, RECORD.files)
    kept.close()
    return place.read_bytes()


def test_a_journal_comes_back_as_it_was(tmp_path: Path) -> None:
    written(tmp_path / "cut.pieces")
    assert journal.read(tmp_path / "cut.pieces") == RECORD


@given(some.data())
def test_a_journal_cut_short_has_whole_pieces_alone(
    tmp_path_factory: pytest.TempPathFactory, data: some.DataObject
) -> None:
    place = tmp_path_factory.mktemp("journal") / "cut.pieces"
    text = written(place)
    place.write_bytes(text[: data.draw(some.integers(0, len(text)))])
    found = journal.read(place)
    whole = place.read_bytes().count(b"\n") - 1
    items = list(RECORD.pieces)[: max(whole, 0)]
    if whole < 0:
        assert found is None
    else:
        assert found == replace(
            RECORD,
            files={f"out/{item}": RECORD.files[f"out/{item}"] for item in items},
            pieces={item: RECORD.pieces[item] for item in items},
        )
