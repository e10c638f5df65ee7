"""A program that is asked something is heard for a time, up to a size, and not for what it leaves behind."""

from __future__ import annotations

import threading
import time

import pytest

from buildkit.doors import cancellation, communication, process


def test_what_a_program_leaves_behind_is_not_waited_for() -> None:
    begun = time.monotonic()
    done = process.run(["sh", "-c", "sleep 60 & echo said"])
    assert done.stdout == "said\n"
    assert time.monotonic() - begun < 20


def test_a_program_that_never_answers_is_named() -> None:
    with pytest.raises(TimeoutError) as caught:
        process.run(["sleep", "60"], timeout=0.5)
    assert (caught.value.filename, caught.value.strerror) == ("sleep", "no answer within 0.5 s")


def test_a_program_that_says_too_much_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(communication, "MOST", 1 << 20)
    with pytest.raises(OSError, match="said more than 1 MB"):
        process.run(["cat", "/dev/zero"])


def test_much_is_said_and_heard_at_once() -> None:
    words = "x" * 5_000_000
    assert process.run(["cat"], stdin=words).stdout == words


def test_a_program_that_does_not_listen_is_no_trouble() -> None:
    assert process.run(["true"], stdin="x" * 5_000_000).ok


def test_no_thread_starts_anything_once_all_is_to_end() -> None:
    came: list[str] = []

    def work() -> None:
        try:
            process.run(["sleep", "60"])
        except cancellation.Cancelled:
            came.append("first")
        try:
            process.start(["sleep", "60"])
        except cancellation.Cancelled:
            came.append("second")

    thread = threading.Thread(target=work)
    thread.start()
    time.sleep(0.3)
    with cancellation.threads_cancelled():
        process.end_all()
        thread.join(10)
    assert came == ["first", "second"]
