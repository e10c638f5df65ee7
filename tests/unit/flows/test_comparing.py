from __future__ import annotations

from buildkit.flows.comparing import held_words


def test_what_keeps_the_tests_from_ending_is_named_with_what_to_do() -> None:
    words = held_words("compiled", 60.0, ["the thread worker\x1b[2J of the queue", "the process relay"])

    said, hint = words.splitlines()
    assert said.startswith("tests run compiled: all have ended, but their process has not, 60 s later: it waits for")
    assert "of the queue, the process relay; it was ended, and what the tests said counts" in said
    assert "\x1b" not in said
    assert hint.startswith("hint: ")
    assert "in a fixture" in hint


def test_where_it_is_not_known_what_keeps_it_that_is_not_said() -> None:
    assert "60 s later; it was ended" in held_words("as plain Python", 60.0, [])
