"""What is written down of the copies of the development database, as somebody else could have written it."""

from __future__ import annotations

import json
from pathlib import Path

from hypothesis import example, given
from odd import documents
from running import emptied, inputs, survives

from buildkit.db import choice, records
from buildkit.db.databases import _quoted
from buildkit.db.records import Copy, Records
from buildkit.db.revision_texts import Chain, Content

ONE = Content("ab" * 32, "3.11:" + "cd" * 32)


def document(room: Path) -> dict[str, object]:
    """Return what the suite writes."""
    copies = (
        Copy("dev", "one", {"one": ONE}, used=1.0, born="0a0b0c0d"),
        Copy("dev_two_0a0b0c0d", "two", {"one": ONE, "two": ONE}, records.REPLACING, 2.0, "1a1b1c1d", replaces="dev"),
        Copy("snapshot_mine_0a0b0c0d", "one", None, snapshot="mine"),
        Copy("template_one_0a0b0c0d", "one", {"one": ONE}, template=True),
    )
    records.write(room, Records(copies, "dev"))
    found: dict[str, object] = json.loads((room / "copies.json").read_text())
    return found


WRITTEN = {
    "schema": "buildkit.db.copies/1",
    "present": "dev",
    "copies": [
        {
            "name": "dev",
            "head": "one",
            "revisions": {"one": [*ONE]},
            "state": "ready",
            "used": 1.5,
            "born": "0a0b0c0d",
            "snapshot": "",
            "replaces": "",
            "template": False,
            "places": [["public", "alembic_version"]],
            "env": "ab" * 32,
        },
        {
            "name": "dev_two_0a0b0c0d",
            "head": "two",
            "revisions": None,
            "state": "replacing",
            "used": 0,
            "born": "",
            "snapshot": "mine",
            "replaces": "dev",
            "template": True,
            "places": [],
            "env": "",
        },
    ],
}


def test_what_is_changed_below_is_what_the_suite_writes(tmp_path: Path) -> None:
    found = document(tmp_path)
    assert found.keys() == WRITTEN.keys()
    rows, others = found["copies"], WRITTEN["copies"]
    assert isinstance(rows, list)
    assert isinstance(others, list)
    assert {frozenset(row) for row in rows} == {frozenset(row) for row in others}


@inputs(quick=150, night=12000)
@given(documents(WRITTEN))
@example(json.dumps({**WRITTEN, "copies": [{**WRITTEN["copies"][0], "name": 'a"; --'}]}).encode())  # type: ignore[dict-item]
def test_records_are_those_of_the_suite_or_count_as_none(room: Path, content: bytes) -> None:
    (emptied(room) / "copies.json").write_bytes(content)
    (room / "copies.json").chmod(0o600)
    (room / "one.py").write_text("revision = 'one'\n")

    def look() -> Records:
        found = records.read(room)
        chain = Chain("one", {"one": room / "one.py"})
        choice.fitting(found, chain)
        choice.nearest(found, chain)
        choice.edited(found, chain)
        choice.superfluous(found, (), {})
        return found

    found = survives(room, look)
    assert found is not None
    for copy in found.copies:
        assert _quoted(copy.name) == f'"{copy.name}"', "it goes into statements"
        assert not copy.replaces or _quoted(copy.replaces)
    records.write(room, found)
    assert records.read(room) == found
