"""The terminal: the log above, the line of status below it; the bytes that a terminal gets."""

from __future__ import annotations

import os
import select
from collections.abc import Iterator
from typing import TextIO

import pytest

from buildkit.dev.screen import Screen

ERASE = "\r\x1b[J"


class Ends:
    """Both ends of a terminal."""

    def __init__(self) -> None:
        self.outer, inner = os.openpty()
        self.stream: TextIO = os.fdopen(inner, "w", encoding="utf-8")

    def read(self) -> str:
        found = os.read(self.outer, 65536)
        while select.select([self.outer], [], [], 0.05)[0]:  # a terminal hands on in pieces
            found += os.read(self.outer, 65536)
        return found.decode().replace("\r\n", "\n")


@pytest.fixture
def ends(monkeypatch: pytest.MonkeyPatch) -> Iterator[Ends]:
    monkeypatch.setenv("COLUMNS", "20")
    found = Ends()
    yield found
    found.stream.close()
    os.close(found.outer)


def test_the_log_goes_above_the_line(ends: Ends) -> None:
    screen = Screen({"TERM": "xterm", "NO_COLOR": "1"}, ends.stream)
    screen.show("ready")
    assert ends.read() == f"{ERASE}ready"
    screen.write(b"words\n")
    assert ends.read() == f"{ERASE}words\nready"
    print("said", file=screen.text)
    assert ends.read() == f"{ERASE}said\nready"
    screen.show("")
    assert ends.read() == ERASE
    screen.write(b"more\n")
    assert ends.read() == "more\n"


def test_a_line_that_is_too_long_is_cut(ends: Ends) -> None:
    screen = Screen({"TERM": "xterm", "NO_COLOR": "1"}, ends.stream)
    screen.show("0123456789" * 3)
    assert ends.read() == f"{ERASE}012345678901234567…"


def test_what_is_said_is_broken_at_blanks_and_code_is_left(ends: Ends) -> None:
    screen = Screen({"TERM": "xterm"}, ends.stream)
    print("hint: write a command without it\n    while True: pass; pass; pass\n", end="", file=screen.text)
    assert ends.read() == "hint: write a\n  command without it\n    while True: pass; pass; pass\n"


def test_the_same_line_is_not_drawn_again(ends: Ends) -> None:
    screen = Screen({"TERM": "xterm"}, ends.stream)
    screen.show("ready")
    ends.read()
    screen.show("ready")
    screen.write(b"x\n")
    assert ends.read().count("ready") == 1


@pytest.mark.parametrize("term", ["dumb", ""])
def test_a_terminal_that_cannot_has_no_line(ends: Ends, term: str) -> None:
    screen = Screen({"TERM": term}, ends.stream)
    screen.show("ready")
    screen.write(b"words\n")
    assert ends.read() == "words\n"
