"""Which copy of the database fits the present revisions, and which ones go."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from buildkit.db import choice
from buildkit.db.records import MAKING, READY, Copy, Records
from buildkit.db.revision_texts import Chain
from buildkit.errors import RevisionError


@pytest.fixture
def chain(tmp_path: Path) -> Chain:
    """Three revisions, each with a text of its own."""
    names = ("one", "two", "three")
    for name in names:
        (tmp_path / f"{name}.py").write_text(f"revision = '{name}'\n")
    return Chain("three", {name: tmp_path / f"{name}.py" for name in names})


def copy(name: str, chain: Chain, *ids: str, used: float = 0.0, state: str = READY, snapshot: str = "") -> Copy:
    return Copy(name, ids[-1] if ids else "", chain.contents(ids), state, used, snapshot=snapshot)


def test_of_two_that_fit_the_last_used_is_taken(chain: Chain) -> None:
    one, other = (copy(name, chain, "one", "two", "three", used=at) for name, at in (("a", 1.0), ("b", 2.0)))
    found = choice.fitting(Records((other, one, copy("c", chain, "one", "two", used=3.0))), chain)
    assert found is not None
    assert found.name == "b"


def test_the_nearest_lacks_the_fewest(chain: Chain) -> None:
    records = Records((copy("a", chain, "one", used=9.0), copy("b", chain, "one", "two"), copy("c", chain)))
    found = choice.nearest(records, chain)
    assert found is not None
    assert found.name == "b"
    assert choice.fitting(records, chain) is None


def test_what_is_incomplete_unknown_or_a_snapshot_is_not_taken(chain: Chain) -> None:
    full = ("one", "two", "three")
    records = Records(
        (copy("a", chain, *full, state=MAKING), copy("b", chain, *full, snapshot="mine"), Copy("c", "three", None))
    )
    assert choice.fitting(records, chain) is None
    assert choice.nearest(records, chain) is None


def test_an_edited_revision_is_named(chain: Chain, tmp_path: Path) -> None:
    records = Records((copy("a", chain, "one"), copy("b", chain, "one", "two", used=1.0)))
    (tmp_path / "two.py").write_text("revision = 'two'\nfurther = 1\n")
    now = Chain("three", {name: tmp_path / f"{name}.py" for name in ("one", "two", "three")})
    found = choice.edited(records, now)
    assert found is not None
    assert (found[0].name, found[1]) == ("b", ["two"])
    nearest = choice.nearest(records, now)
    assert nearest is not None
    assert nearest.name == "a"


def test_a_revision_that_goes_while_they_are_read_is_named(chain: Chain, tmp_path: Path) -> None:
    (tmp_path / "two.py").unlink()
    with pytest.raises(RevisionError, match=r"two\.py went while the revisions were read") as raised:
        chain.contents()
    assert "run it again" in raised.value.hint


def test_the_least_recently_used_go_but_not_what_is_present_or_in_use(
    chain: Chain, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(choice, "KEPT", 2)
    copies = [Copy(f"c{at}", str(at), {str(at): chain.content("one")}, used=float(at)) for at in range(6)]
    records = Records((*copies, Copy("kept", snapshot="mine")), "c0")
    assert [each.name for each in choice.superfluous(records, {"c2"}, {})] == ["c1", "c3", "c4", "c5"]
    assert choice.superfluous(Records(tuple(copies[:2])), (), {}) == []


def test_what_an_edit_left_goes_before_the_copies_of_other_branches(
    chain: Chain, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(choice, "SUPERSEDED", 1)
    edits = [Copy(f"e{at}", "two", {"two": chain.content("one")}, used=float(10 + at)) for at in range(4)]
    main = Copy("main", "one", {"one": chain.content("one")}, used=1.0)
    assert [each.name for each in choice.superfluous(Records((main, *edits), "e3"), (), {})] == ["e0", "e1"]


def test_a_template_of_tests_is_for_tests_alone(chain: Chain) -> None:
    template = replace(copy("t", chain, "one", "two", "three"), template=True)
    records = Records((template,))
    assert choice.fitting(records, chain) is None
    assert choice.nearest(records, chain) is None
    assert choice.fitting(records, chain, template=True) == template
    several = tuple(replace(template, name=f"t{at}", used=float(at)) for at in range(choice.TEMPLATES + 1))
    assert choice.superfluous_templates(Records(several)) == [several[0]]
    assert choice.superfluous(Records(several), (), {}) == []


def test_large_copies_go_until_they_have_room_together(chain: Chain, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choice, "BYTES", 100)
    copies = tuple(Copy(f"c{at}", str(at), {str(at): chain.content("one")}, used=float(at)) for at in range(4))
    found = Records(copies, "c3")
    assert [each.name for each in choice.superfluous(found, (), {"c0": 10, "c1": 60, "c2": 30, "c3": 30})] == [
        "c0",
        "c1",
    ]
    assert choice.superfluous(found, (), {"c0": 10, "c1": 10}) == []
    assert [each.name for each in choice.superfluous(found, {"c1"}, {"c3": 500})] == ["c0", "c2"]
