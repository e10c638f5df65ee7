from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from buildkit.doors import locks, process

HOLD = """
import sys, time
from pathlib import Path
from buildkit.doors import locks
with locks.held(Path(sys.argv[1]), shared=len(sys.argv) > 2):
    print("held", flush=True)
    time.sleep(300)
"""


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    return tmp_path / "locks" / "lock"


@pytest.fixture
def holder(lock: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the lock."""
    with subprocess.Popen([sys.executable, "-c", HOLD, lock], stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "held\n"
        yield child
        child.kill()


@pytest.mark.usefixtures("holder")
def test_busy_is_said_after_the_wait_and_that_one_waits_once(lock: Path) -> None:
    said: list[str] = []
    start = time.monotonic()

    with pytest.raises(locks.Busy, match=str(lock)), locks.held(lock, wait=0.3, on_wait=lambda: said.append("waiting")):
        pytest.fail("two held it")

    assert 0.3 <= time.monotonic() - start < 5
    assert said == ["waiting"]


def test_a_lock_dies_with_its_holder(lock: Path, holder: subprocess.Popen[str]) -> None:
    with pytest.raises(locks.Busy), locks.held(lock, wait=0):
        pytest.fail("two held it")
    holder.kill()

    with locks.held(lock, wait=10):
        pass

    assert lock.exists(), "to delete a lock's file would give two holders"


def test_readers_hold_it_together_and_keep_a_writer_out(lock: Path) -> None:
    reader = locks.held(lock, shared=True)
    with reader, locks.held(lock, shared=True, wait=0), pytest.raises(locks.Busy), locks.held(lock, wait=0):
        pytest.fail("a writer among readers")
    with locks.held(lock, wait=0), pytest.raises(locks.Busy), locks.held(lock, shared=True, wait=0):
        pytest.fail("a reader beside a writer")


def test_threads_of_one_process_keep_each_other_out(lock: Path) -> None:
    """`flock` belongs to the open file, so it works here where a lock of the process would not."""
    inside = 0
    most = 0

    def work() -> None:
        nonlocal inside, most
        for _ in range(20):
            with locks.held(lock, wait=60):
                inside += 1
                most = max(most, inside)
                time.sleep(0.001)
                inside -= 1

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert most == 1


def test_a_child_does_not_keep_the_lock_of_its_parent(lock: Path) -> None:
    with locks.held(lock):
        child = process.start([sys.executable, "-c", "import time; time.sleep(300)"])
    try:
        with locks.held(lock, wait=0):
            assert child.poll() is None
    finally:
        process.end(child, grace=0)


def test_it_is_let_go_when_the_block_fails(lock: Path) -> None:
    with pytest.raises(KeyError), locks.held(lock):
        raise KeyError
    with locks.held(lock, wait=0):
        pass


def test_a_place_that_cannot_have_a_lock_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(OSError, match="file"), locks.held(tmp_path / "file" / "lock"):
        pytest.fail("no lock can be there")
