"""What `invoke image.memory` says of what was measured."""

from __future__ import annotations

import pytest

from buildkit.flows.image_memory import _facts, _page, _verdict
from buildkit.image.memory import Measured, Process

FOUND = Measured(
    30_000_000,
    90_000_000,
    100_000_000,
    5_000_000,
    200,
    (
        Process(1, 0, "gunicorn", 20_000_000, 4_000_000, 9_000_000),
        Process(7, 1, "gunicorn", 22_000_000, 10_000_000, 12_000_000),
        Process(8, 1, "gunicorn", 22_000_000, 12_000_000, 12_000_000),
    ),
)


@pytest.mark.parametrize(
    ("budget", "result", "words"),
    [
        (0, "measured", "memory: 100 MB"),
        (100_000_000, "measured", "memory: 100 MB of 100 MB"),
        (99_000_000, "over", "memory: 100 MB, and 99 MB are allowed"),
    ],
)
def test_what_is_held_at_last_is_held_against_the_budget(budget: int, result: str, words: str) -> None:
    row = _verdict("api", FOUND, budget)

    assert (row.result, str(row.reason)) == (result, words)


def test_a_service_that_does_not_run_is_within_no_budget() -> None:
    row = _verdict("api", Measured(why_not="it ends with 1"), 1)

    assert (row.result, str(row.reason)) == ("not measured", "it does not run here: it ends with 1")


def test_workers_are_told_with_what_is_their_own() -> None:
    assert FOUND.workers == (2, 11_000_000)
    said = _page(_facts("image", FOUND, 0))
    assert "  2 workers, each for itself       11 MB" in said
    assert "  after the import of its module  30 MB" in said
    assert "  ready                           90 MB" in said
    assert "  after 200 requests              100 MB" in said


def test_without_a_load_what_it_holds_when_ready_counts() -> None:
    assert Measured(ready=5).held == 5
    assert "requests" not in "\n".join(_page(_facts("image", Measured(ready=5), 0)))
