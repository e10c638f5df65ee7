"""What a child says, heard to its end and not beyond."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator

import pytest

from buildkit.migrate.supervision.output_lines import lines


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    reading, writing = os.pipe()
    yield reading, writing
    os.close(reading)


def heard(reading: int, *, name: str = "words", ended: bool = False) -> list[str]:
    return [line for _, line in lines({reading: name}, lambda: None, lambda: ended)]


def said(writing: int, *parts: bytes) -> None:
    def say() -> None:
        for part in parts:
            os.write(writing, part)
        os.close(writing)

    threading.Thread(target=say).start()


def test_lines_come_whole_however_they_are_cut(pipe: tuple[int, int]) -> None:
    said(pipe[1], b"one\ntw", b"o\n\nthree")
    assert heard(pipe[0]) == ["one", "two", "", "three"]


def test_who_holds_the_output_of_a_child_that_has_ended_is_not_waited_for(pipe: tuple[int, int]) -> None:
    os.write(pipe[1], b"done\nhalf")
    start = time.monotonic()
    assert heard(pipe[0], ended=True) == ["done", "half"]
    assert time.monotonic() - start < 10
    os.close(pipe[1])


def test_a_line_without_an_end_costs_no_memory_and_no_time(pipe: tuple[int, int]) -> None:
    said(pipe[1], *[b"x" * (1 << 20)] * 100, b"\nnext\n")
    start = time.monotonic()
    long, following = heard(pipe[0])
    assert (long, following) == ("x" * (1 << 16), "next")
    assert time.monotonic() - start < 20, "linear"


def test_what_tells_an_event_is_kept_whole(pipe: tuple[int, int]) -> None:
    said(pipe[1], b"y" * (1 << 18) + b"\n")
    assert heard(pipe[0], name="events") == ["y" * (1 << 18)]
