"""How far long work is: a line at the bottom of a terminal, now and then a line elsewhere, and the time to go."""

from __future__ import annotations

import io
import re
import time
from collections.abc import Callable

import pytest

from buildkit.core.sizes import in_words
from buildkit.report.console import Console
from buildkit.report.progress import Progress

PARTS = {"one": 1.0, "two": 1.0, "three": 2.0}


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def screen(stream: io.StringIO) -> list[str]:
    """Return what a terminal shows: a line that was cleared is gone."""
    lines = [re.split(r"\r\x1b\[K", line)[-1] for line in stream.getvalue().split("\n")]
    return [line for line in lines if line]


def test_the_line_tells_parts_elapsed_time_and_time_to_go() -> None:
    clock = Clock()
    progress = Progress(Console({}, talk=io.StringIO()), "compiling", PARTS, clock=clock)
    assert progress.line() == "compiling  0 of 3  0:00"

    clock.now += 65
    progress.done("two")

    assert progress.line() == "compiling  1 of 3  1:05, about 3:15 to go  two"


def test_what_is_known_from_the_last_time_counts_from_the_beginning_and_yields_to_the_pace() -> None:
    clock = Clock()
    progress = Progress(Console({}, talk=io.StringIO()), "compiling", PARTS, pace=15, clock=clock)
    assert progress.line() == "compiling  0 of 3  0:00, about 1:00 to go"

    clock.now += 20
    assert progress.line() == "compiling  0 of 3  0:20, about 0:40 to go"
    progress.done("three")
    assert progress.line() == "compiling  1 of 3  0:20, about 0:30 to go  three"
    for name in PARTS:
        progress.done(name)
    assert progress.line() == "compiling  3 of 3  0:20  three"


def test_the_part_that_is_worked_on_is_named_with_its_pieces() -> None:
    clock = Clock()
    progress = Progress(Console({}, talk=io.StringIO()), "making data", clock=clock)
    progress.expects({"fetch": 4.0, "positions": 40.0, "old": 100.0}, pace=1.0)
    progress.skips("old")
    assert progress.line() == "making data  0 of 2  0:00, about 0:44 to go"

    progress.begins("fetch")
    clock.now += 8
    progress.done("fetch")
    progress.expects({"positions": 20.0})
    progress.begins("positions")
    progress.reaches("positions", 1, 4)

    assert progress.line() == "making data  1 of 2  0:08, about 0:15 to go  positions 1 of 4"


def test_nothing_is_foretold_of_a_part_of_which_nothing_is_known_until_it_is_under_way() -> None:
    clock = Clock()
    progress = Progress(Console({}, talk=io.StringIO()), "making data", clock=clock)
    progress.expects({"fetch": 2.0, "train": 0.0}, pace=1.0)
    progress.begins("fetch")
    clock.now += 2
    assert progress.line() == "making data  0 of 2  0:02  fetch"
    progress.done("fetch")
    progress.begins("train")
    clock.now += 10
    progress.reaches("train", 10, 40)

    assert progress.line() == "making data  1 of 2  0:12, about 0:30 to go  train 10 of 40"


def test_a_part_that_is_made_once_more_is_not_done_until_it_is_again() -> None:
    progress = Progress(Console({}, talk=io.StringIO()), "making data", {"read": 1.0, "count": 0.0}, clock=Clock())
    progress.done("read")
    assert progress.line() == "making data  1 of 2  0:00  read"

    progress.begins("read")

    assert progress.line() == "making data  0 of 2  0:00  read"


def test_bytes_are_counted_as_such_and_go_back_where_a_connection_broke() -> None:
    clock = Clock()
    progress = Progress(Console({}, talk=io.StringIO()), "pushing", unit=in_words, clock=clock)
    progress.expects({"a": 3e6, "b": 1e6, "there": 9e9})
    progress.skips("there")
    progress.begins("a")
    clock.now += 10
    progress.reaches("a", 2e6, 3e6)
    assert progress.line() == "pushing  2 MB of 4 MB  0:10, about 0:10 to go  a"
    progress.reaches("a", 0, 3e6)
    assert progress.line() == "pushing  0 B of 4 MB  0:10  a"


def test_work_that_can_only_count_does_so() -> None:
    clock = Clock()
    progress = Progress(Console({}, talk=io.StringIO()), "tests run", clock=clock)
    clock.now += 10

    progress.reaches("", 1200, 0)
    assert progress.line() == "tests run  1,200  0:10"
    progress.reaches("", 1200, 2400)
    assert progress.line() == "tests run  1,200 of 2,400  0:10, about 0:10 to go"


def test_a_terminal_has_one_line_below_all_that_is_said_and_it_goes_away() -> None:
    stream = Terminal()
    console = Console({"TERM": "xterm"}, talk=stream)

    with Progress(console, "compiling", PARTS).shown() as progress:
        until(lambda: "of 3" in stream.getvalue())
        console.say("compiled one")
        progress.done("one")
        until(lambda: "1 of 3" in stream.getvalue())
        console.say("compiled two")
        during = screen(stream)
    after = screen(stream)

    assert during[:2] == ["compiled one", "compiled two"]
    assert during[2].startswith("compiling  1 of 3")
    assert after == ["compiled one", "compiled two"]


def test_without_a_terminal_a_line_is_said_each_ten_seconds() -> None:
    stream, clock = io.StringIO(), Clock()
    console = Console({}, talk=stream)

    with Progress(console, "compiling", PARTS, clock=clock).shown():
        clock.now += 11
        until(lambda: stream.getvalue().count("\n") == 1)
        clock.now += 5
        time.sleep(0.6)
        assert stream.getvalue().count("\n") == 1
        clock.now += 6
        until(lambda: stream.getvalue().count("\n") == 2)

    assert stream.getvalue().splitlines()[0] == "compiling  0 of 3  0:11"
    assert "\x1b" not in stream.getvalue()


def test_work_without_parts_shows_that_it_goes_on() -> None:
    clock = Clock()
    progress = Progress(Console({}, talk=io.StringIO()), "looking at modules and tools", {}, clock=clock)
    clock.now += 3

    assert progress.line() == "looking at modules and tools  0:03"


def test_work_that_is_done_at_once_shows_nothing() -> None:
    stream = Terminal()

    with Progress(Console({}, talk=stream), "compiling", PARTS).shown():
        pass

    assert stream.getvalue() == ""


@pytest.mark.parametrize("environment", [{"TERM": "dumb"}, {}])
def test_a_line_is_cut_to_the_terminal_and_a_dumb_one_has_none(environment: dict[str, str]) -> None:
    stream = Terminal()

    shown = Console(environment, talk=stream).bottom("x" * 200)

    assert shown == (not environment)
    assert max(map(len, screen(stream)), default=0) == (79 if shown else 0)


def test_whoever_gives_another_stream_has_the_bottom_of_the_terminal() -> None:
    console = Console({}, talk=Terminal())
    console.talk_to(Terminal())

    assert not console.bottom("text")
