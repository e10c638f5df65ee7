from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from buildkit.errors import ConfigurationError
from buildkit.release import saved
from buildkit.release.plan import Plan
from buildkit.release.sight import Database, Image, Running, Service, Sight

SEEN = Sight(
    "production",
    "a" * 40,
    "a" * 12,
    images={"api": Image("r.example/api", "sha256:1")},
    services=(Service("api", "api", "compose", (Running("one", "sha256:0"),)),),
    database=Database(("0001",)),
)


def test_a_plan_fits_as_long_as_nothing_that_it_rests_on_has_changed(tmp_path: Path) -> None:
    saved.write(tmp_path / "plan", saved.facts(SEEN, {"only": []}), Plan(()))
    again = replace(SEEN, services=(replace(SEEN.services[0], running=(Running("two", "sha256:0", "starting"),)),))

    assert saved.changes(saved.read(tmp_path / "plan"), saved.facts(again, {"only": []})) == []


def test_each_thing_that_has_changed_is_named_with_both_values() -> None:
    now = replace(
        SEEN,
        commit="b" * 40,
        tag="b" * 12,
        images={"api": Image("r.example/api", "sha256:2")},
        services=(Service("api", "api", "compose", ()),),
        database=Database(),
    )

    assert saved.changes(saved.facts(SEEN, {"only": []}), saved.facts(now, {"only": ["api"]})) == [
        'asked only: [] → ["api"]',
        "commit: aaaaaaaaaaaa → bbbbbbbbbbbb",
        "database: 0001 → not known",
        "image api: sha256:1 → sha256:2",
        "service api: sha256:0 → nothing",
    ]


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"schema": "buildkit.release-plan/1", "facts": {"a": 1}}'])
def test_what_is_no_plan_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "plan").write_text(text)

    with pytest.raises(ConfigurationError, match="no saved plan"):
        saved.read(tmp_path / "plan")


def test_a_plan_that_is_not_there_is_refused_with_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="No such file") as caught:
        saved.read(tmp_path / "plan")

    assert "release.plan --save" in caught.value.hint
