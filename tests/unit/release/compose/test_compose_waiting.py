"""Waiting for containers, on what an engine would say of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from buildkit.doors.process import Completed
from buildkit.errors import UndecidedError
from buildkit.release.compose.containers import Container
from buildkit.release.compose.engine import Engine
from buildkit.release.compose.waiting import until_well
from buildkit.release.target import Failed

STARTING = Container("1", "web-1", "sha256:1", "r.example/web@sha256:1", "running", "starting")
WELL = replace(STARTING, health="healthy")


def engine() -> Engine:
    def run(command: Any, **_: Any) -> Completed:
        return Completed(tuple(command), 0, "its last line\n", "", 0.0)

    return Engine({}, run=run)


def wait(*looks: list[Container], seconds: float = 60.0, settled: float = 0.0) -> None:
    """Wait, while each look finds the next of `looks`, and at last the last one again and again."""
    found: Iterator[list[Container]] = iter(looks)
    last = [looks[0]]

    def look() -> list[Container]:
        last[0] = next(found, last[0])
        return last[0]

    until_well(engine(), look, "web", seconds, settled=settled)


def test_it_ends_once_all_are_healthy() -> None:
    wait([STARTING, WELL], [WELL, WELL])


def test_one_without_a_health_check_has_to_live_for_a_while() -> None:
    plain = replace(WELL, health="")

    with pytest.raises(Failed, match="it ended with exit code 3"):
        wait([plain], [replace(plain, status="exited", exit_code=3)], settled=30.0)


def test_one_that_fails_ends_it_at_once_with_its_last_lines() -> None:
    with pytest.raises(Failed, match="web: its health check fails") as caught:
        wait([WELL, replace(WELL, health="unhealthy")])

    assert caught.value.details == ("its last line",)


def test_when_the_time_is_over_it_is_undecided() -> None:
    with pytest.raises(UndecidedError, match="web: it is running, starting after 0 s") as caught:
        wait([STARTING], seconds=0.0)

    assert "it waits on" in caught.value.hint


def test_one_that_somebody_takes_away_is_no_success() -> None:
    with pytest.raises(Failed, match="web: its container is gone"):
        wait([], [])
