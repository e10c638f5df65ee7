"""A lock is taken from a holder that stands still, and from nobody else."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from buildkit.doors import cancellation, holders, locks

HOLD = """
import sys, time
from pathlib import Path
from buildkit.doors import locks
with locks.held(Path(sys.argv[1])) as lock:
    print("held", flush=True)
    sys.stdin.readline()
    try:
        lock.require()
        print("still mine", flush=True)
    except locks.Overtaken:
        print("overtaken", flush=True)
"""


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locks, "SUSPENDED", 0.7)


@pytest.fixture
def holder(tmp_path: Path) -> Iterator[Callable[[], subprocess.Popen[str]]]:
    """Start a process that holds the lock until it is told to look whether it still does."""
    with contextlib.ExitStack() as stack:

        def start() -> subprocess.Popen[str]:
            child = stack.enter_context(
                subprocess.Popen(
                    [sys.executable, "-c", HOLD, str(tmp_path / "lock")],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                )
            )
            stack.callback(child.kill)
            assert child.stdout is not None
            assert child.stdout.readline() == "held\n"
            return child

        yield start


def answer(child: subprocess.Popen[str]) -> str:
    return child.communicate("go on\n", timeout=20)[0].strip()


def test_a_suspended_holder_is_named_and_passed_by(tmp_path: Path, holder: Callable[[], subprocess.Popen[str]]) -> None:
    child = holder()
    os.kill(child.pid, signal.SIGSTOP)
    told: list[str] = []
    with locks.held(tmp_path / "lock", on_wait=lambda: told.append(locks.describe(tmp_path / "lock"))) as lock:
        lock.require()
        assert f"process {child.pid} (" in lock.instead_of
        assert "suspended" in lock.instead_of
        assert len(told) == 1
        with pytest.raises(locks.Busy), locks.held(tmp_path / "lock", wait=0.1):
            pass
    os.kill(child.pid, signal.SIGCONT)
    assert answer(child) == "overtaken"


def test_a_holder_whose_heart_beats_keeps_the_lock(
    tmp_path: Path, holder: Callable[[], subprocess.Popen[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locks, "STALLED", 2.5)
    child = holder()
    with pytest.raises(locks.Busy), locks.held(tmp_path / "lock", wait=4.0):
        pass
    assert answer(child) == "still mine"


def test_a_holder_without_a_heart_is_passed_by_though_nobody_can_see_it(
    tmp_path: Path, holder: Callable[[], subprocess.Popen[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locks, "STALLED", 2.0)
    monkeypatch.setattr(holders, "is_suspended", lambda _: False)  # as in a container that is frozen
    child = holder()
    os.kill(child.pid, signal.SIGSTOP)
    with locks.held(tmp_path / "lock") as lock:
        assert "stands still" not in lock.instead_of
        assert str(child.pid) in lock.instead_of
    os.kill(child.pid, signal.SIGCONT)
    assert answer(child) == "overtaken"


def test_who_must_not_be_overtaken_is_named(tmp_path: Path, holder: Callable[[], subprocess.Popen[str]]) -> None:
    child = holder()
    os.kill(child.pid, signal.SIGSTOP)
    with (
        pytest.raises(locks.Busy, match=f"process {child.pid} .*suspended.* stands still"),
        locks.held(tmp_path / "lock", overtake=False),
    ):
        pass
    os.kill(child.pid, signal.SIGCONT)
    assert answer(child) == "still mine"


def test_of_many_that_wait_one_at_a_time_takes_it(tmp_path: Path, holder: Callable[[], subprocess.Popen[str]]) -> None:
    os.kill(holder().pid, signal.SIGSTOP)
    inside: list[int] = []
    most: list[int] = []

    def work(number: int) -> None:
        with locks.held(tmp_path / "lock"):
            inside.append(number)
            most.append(len(inside))
            threading.Event().wait(0.05)
            inside.remove(number)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert most == [1] * 8


def test_a_thread_that_waits_ends_with_the_whole(tmp_path: Path, holder: Callable[[], subprocess.Popen[str]]) -> None:
    holder()
    came: list[str] = []

    def wait() -> None:
        try:
            with locks.held(tmp_path / "lock"):
                came.append("held")
        except cancellation.Cancelled:
            came.append("ended")

    thread = threading.Thread(target=wait)
    thread.start()
    with cancellation.threads_cancelled():
        thread.join(5)
    assert came == ["ended"]
    cancellation.check()


def test_a_lock_that_says_nothing_of_its_holder_still_works(tmp_path: Path) -> None:
    (tmp_path / "lock").write_text("[" * 5000)
    assert locks.describe(tmp_path / "lock") == "another process"
    with locks.held(tmp_path / "lock"):
        assert f"process {os.getpid()} (" in locks.describe(tmp_path / "lock")
