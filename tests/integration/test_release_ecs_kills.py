"""A release to ECS that is killed between any two calls to AWS: the next run ends in the same state, nothing twice."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from fleets import Fleet
from hypothesis import settings
from plugins.effort import FIGURES

from buildkit.release.aws.amazon import Amazon

ALL = settings.get_current_profile_name() == "nightly"


WRITES = frozenset({"register_task_definition", "update_service", "run_task"})


class KilledError(BaseException):
    """What ends a release as a signal does: nothing of it catches this."""


@pytest.fixture
def kill(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[int], list[str]]]:
    """Lets the next release be killed after a number of calls; returns the names of the calls, which fill up."""
    ask, state = Amazon.ask, {"left": -1}
    names: list[str] = []

    def counted(self: Amazon, service: str, operation: str, /, **given: Any) -> dict[str, Any]:
        answer = ask(self, service, operation, **given)
        names.append(operation)
        state["left"] -= 1
        if state["left"] == 0:
            raise KilledError
        return answer

    def after(calls: int) -> list[str]:
        names.clear()
        state["left"] = calls
        return names

    monkeypatch.setattr(Amazon, "ask", counted)
    yield after
    monkeypatch.undo()


def labels(number: int, *, migrates: bool) -> dict[str, Any]:
    """Return the labels of an image, with one revision more than the one before."""
    known = [f"{each:04}" for each in range(1, number + 1)]
    return {"head": known[-1], "revisions": " ".join(known), "ahead": "serve"} if migrates else {}


@pytest.mark.parametrize("migrates", [False, True])
def test_a_release_that_was_killed_ends_as_if_it_had_not_been(
    fleet: Fleet, kill: Callable[[int], list[str]], migrates: bool
) -> None:
    fleet.push(**labels(1, migrates=migrates))
    assert fleet.release()[0] == 0
    calls = kill(-1)
    fleet.push(**labels(2, migrates=migrates))
    assert fleet.release()[0] == 0
    whole = [*calls]
    writes = {at + 1 for at, name in enumerate(whole) if name in WRITES}
    points = range(1, len(whole) + 1) if ALL else sorted({*writes, len(whole) - 3})
    migration = ["RegisterTaskDefinition", "RunTask"] if migrates else []
    for number, point in enumerate(points, 3):
        new = fleet.push(**labels(number, migrates=migrates))
        fleet.ecs.calls.clear()
        kill(point)
        with pytest.raises(KilledError):
            fleet.release()
        kill(-1)

        code, done, said = fleet.release()

        assert (code, fleet.ecs.runs("orbits-api"), done["record"]) == (0, new, "made"), (point, said)
        written = [*migration, "RegisterTaskDefinition", "UpdateService"]
        assert fleet.ecs.written == written, (point, whole[:point])
        assert len(fleet.ecs.services["orbits-api"].rows) == 1
    FIGURES.info("killed after each of %d of %d calls", len([*points]), len(whole))
