from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest

from buildkit.doors import process


def family(place: Path, manner: str = "polite", end: str = "wait") -> list[str]:
    """A process that starts another one; both write their id to `place` and stay, the `deaf` despite SIGTERM."""
    deaf = "trap '' TERM" if manner == "deaf" else ":"
    return ["sh", "-c", f'{deaf}; sleep 300 & echo "$!" >>{place}; echo "$$" >>{place}; {end}']


def members(place: Path) -> list[int]:
    """Return the ids of the two, once both run."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError):
            found = [int(line) for line in place.read_text().splitlines()]
            if len(found) == 2:
                return found
        time.sleep(0.01)
    pytest.fail("the family did not start")


def lives(pid: int) -> bool:
    with contextlib.suppress(psutil.NoSuchProcess):
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    return False


def gone(pids: list[int]) -> bool:
    """Whether all of `pids` end within a moment: a killed process needs one until the kernel has cleared it away."""
    deadline = time.monotonic() + 10
    while any(map(lives, pids)) and time.monotonic() < deadline:
        time.sleep(0.01)
    return not any(map(lives, pids))


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "pids"


def test_a_finished_process_leaves_its_words_code_and_time(tmp_path: Path) -> None:
    command = ("sh", "-c", 'echo "$(cat) $(pwd) $A"; echo no >&2; exit 3')

    done = process.run(command, folder=tmp_path, environment={"A": "b", "PATH": os.environ["PATH"]}, stdin="text")

    assert (done.stdout, done.stderr, done.exit_code, done.ok) == (f"text {tmp_path} b\n", "no\n", 3, False)
    assert done.command == command
    assert 0 < done.seconds < 60


def test_bytes_that_are_no_text_do_no_harm() -> None:
    done = process.run([sys.executable, "-c", "import sys; sys.stdout.buffer.write(b'caf\\xe9')"])

    assert done.stdout == "caf\udce9"


def test_a_process_has_nothing_to_read_unless_it_is_given_something() -> None:
    assert process.run([sys.executable, "-c", "import sys; print(len(sys.stdin.read()))"]).stdout == "0\n"


def test_a_program_that_is_not_there_is_said_so() -> None:
    with pytest.raises(FileNotFoundError):
        process.run(["no-such-program"])


def test_a_timeout_leaves_no_grandchild(place: Path) -> None:
    with pytest.raises(TimeoutError, match=r"no answer within 1 s"):
        process.run(family(place), timeout=1)

    assert gone(members(place))


def test_a_grandchild_that_keeps_the_pipe_open_counts_as_running(place: Path) -> None:
    """The child ends at once, but someone who holds its stdout may still write to it."""
    with pytest.raises(TimeoutError):
        process.run(family(place, end="exit"), timeout=1)

    assert gone(members(place))


@pytest.mark.parametrize("manner", ["polite", "deaf"])
def test_end_ends_the_whole_group(place: Path, manner: str) -> None:
    child = process.start(family(place, manner))
    pids = members(place)

    code = process.end(child, grace=0.2)

    assert code == (-signal.SIGKILL if manner == "deaf" else -signal.SIGTERM)
    assert gone(pids)


def test_the_group_of_a_child_that_ended_by_itself_can_still_be_ended(place: Path) -> None:
    child = process.start(family(place, end="exit"))
    pids = members(place)
    assert child.wait(30) == 0
    assert any(map(lives, pids))

    assert process.end(child, grace=0) == 0

    assert gone(pids)


def test_what_a_thread_waits_for_can_be_ended_from_another(place: Path) -> None:
    codes: list[int] = []
    thread = threading.Thread(target=lambda: codes.append(process.run(family(place)).exit_code))
    thread.start()
    pids = members(place)
    while not process._running:  # the child may run before the thread has noted that it waits for it
        time.sleep(0.01)

    process.end_all()
    thread.join(30)

    assert codes == [-signal.SIGKILL]
    assert gone(pids)


def test_lines_are_heard_as_they_come() -> None:
    heard: list[tuple[str, float]] = []
    code = "import sys, time; print('one', flush=True); time.sleep(0.5); print('two', file=sys.stderr); sys.exit(4)"

    exit_code = process.stream([sys.executable, "-c", code], lambda line: heard.append((line, time.monotonic())))

    assert [line for line, _ in heard] == ["one", "two"]
    assert heard[1][1] - heard[0][1] > 0.3
    assert exit_code == 4


def test_a_listener_that_fails_leaves_no_process(place: Path) -> None:
    def refuse(line: str) -> None:
        raise ValueError(line)

    code = "import time; print('word', flush=True); time.sleep(300)"
    with pytest.raises(ValueError, match="word"):
        process.stream(["sh", "-c", f'echo $$ > {place}; exec "$@"', "sh", sys.executable, "-c", code], refuse)

    assert gone([int(place.read_text())])


def test_waiting_for_an_end_has_a_limit() -> None:
    child = process.start([sys.executable, "-c", "import time; time.sleep(300)"])

    assert not process.ended_within(child, 0.05)
    process.signal_group(child, signal.SIGKILL)
    assert process.ended_within(child, 30)


def test_a_process_runs_until_it_was_collected() -> None:
    child = process.start(["sleep", "300"])
    assert process.is_running(child.pid)
    assert process.is_running(1), "somebody else's too"

    process.end(child)

    assert not process.is_running(child.pid)
