"""The line of status."""

from __future__ import annotations

from buildkit.dev.ending import State
from buildkit.dev.status import Status


def test_what_the_line_says() -> None:
    status = Status(revision="3f2a1", last="12:00:00 changed a.py: restarted")
    status.forms.built(["app.a", *(f"app.b{number}" for number in range(40))])
    status.forms.interpreted(["app.a"])
    status.forms.started(["service", "worker"])
    states = {"service": State.READY, "worker": State.STARTING}
    assert status.line(states, {"service": 8000}) == (
        "● service :8000 ◐ worker │ 3f2a1 │ 40 compiled, 1 as Python │ 12:00:00 changed a.py: restarted │ ? keys"
    )


def test_what_is_being_done_stands_in_the_place_of_the_last_cycle() -> None:
    status = Status(doing="rebuild …", last="before")
    assert status.line({"service": State.ENDED}, {}) == "✗ service │ rebuild … │ ? keys"


def test_what_came_of_the_last_cycle_is_seen_where_there_is_little_room() -> None:
    last = "12:00:00 changed src/app/tasks.py: 1 module as Python, restarted service, worker 0.00 s, ready after 0.83 s"
    status = Status(revision="834b1a697901", last=last, short="12:00:00 src/app/tasks.py: ready after 0.83 s")
    status.tests = "tests: 1 failed, 23 passed"
    states = {"service": State.READY}
    short = "12:00:00 src/app/tasks.py: ready after 0.83 s"
    assert status.line(states, {}) == f"● service │ 834b1a697901 │ {status.tests} │ {last} │ ? keys"
    assert status.line(states, {}, 200) == f"● service │ 834b1a697901 │ {status.tests} │ {last} │ ? keys"
    assert status.line(states, {}, 105) == f"● service │ 834b1a697901 │ {status.tests} │ {short}"
    assert status.line(states, {}, 90) == f"● service │ {status.tests} │ {short}"
