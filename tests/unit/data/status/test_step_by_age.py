"""Age asks the stages through which the world comes in; a clock set back never makes data fresh."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from buildkit.core.fingerprint import fingerprint
from buildkit.data.stages.pipeline import Pipeline, Stage
from buildkit.data.status.look import SKEW, in_words, step_of
from buildkit.data.volume.manifest import StageRecord
from buildkit.model import Action, Digest

NOW = 1_800_000_000.0
DAY = 86400.0
PRINT = fingerprint({"input a": Digest("d")})
ROOT = Stage("read", "a:b", ("a",), ("read/",))
PIPELINE = Pipeline(Path("/app"), Path("/app"), Path("/app/data"), (ROOT,))
FOLLOWER = Stage("count", "a:b", ("stage:read",), ("count/",))


def step(stage: Stage, age: float, ttl: float = 7 * DAY) -> tuple[Action, str]:
    record = StageRecord(stage.name, PRINT.key, PRINT.parts, {}, NOW - age, 1.0)
    found = step_of(stage, PRINT, record, {}, ttl, NOW)
    return found.action, str(found.reason)


@pytest.mark.parametrize("age", [0.0, 6.64 * DAY, -SKEW / 2])
def test_young_data_stays(age: float) -> None:
    assert step(ROOT, age) == (Action.LEAVE, "unchanged")


def test_old_data_is_made_again() -> None:
    assert step(ROOT, 8 * DAY) == (Action.MAKE, "expired: made 8 d ago")


@pytest.mark.parametrize("ahead", [600.0, 365 * DAY])
def test_data_from_the_future_is_made_again(ahead: float) -> None:
    assert step(ROOT, -ahead) == (Action.MAKE, f"made in the future: by {in_words(ahead)}")


def test_a_follower_waits_for_what_it_gets() -> None:
    assert PIPELINE.ttl_of(FOLLOWER) == 0
    assert PIPELINE.ttl_of(ROOT) == 7 * DAY
    assert PIPELINE.ttl_of(replace(FOLLOWER, ttl=DAY)) == DAY


def test_what_was_made_at_once_is_not_due_at_once() -> None:
    """Each record ends at a moment of its own, the same at each look, within the last twentieth of its time."""
    spans = set()
    for number in range(50):
        record = StageRecord("read", PRINT.key, PRINT.parts, {}, NOW + number * 1e-3, 1.0)
        due = [
            part
            for part in range(940, 1001)
            if step_of(ROOT, PRINT, record, {}, 7 * DAY, record.made + 7 * DAY * part / 1000).action is Action.MAKE
        ]
        assert due == list(range(due[0], 1001))
        assert due[0] >= 950
        spans.add(due[0])
    assert len(spans) > 20


def test_no_time_to_live_means_for_ever() -> None:
    assert step(ROOT, 3650 * DAY, ttl=0)[0] is Action.LEAVE


@pytest.mark.parametrize(
    ("seconds", "words"), [(0, "0 s"), (59, "59 s"), (90, "1.5 min"), (7200, "2 h"), (7 * DAY, "7 d")]
)
def test_spans_of_time_in_words(seconds: float, words: str) -> None:
    assert in_words(seconds) == words
