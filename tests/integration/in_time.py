"""A limit in seconds that holds on a machine with other work too."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

START = 0.02
"""Seconds that a start of Python takes on a quiet machine."""


@contextlib.contextmanager
def in_time(seconds: float) -> Iterator[None]:
    """Require of the block that it takes less than `seconds`, by a clock that runs slower where the machine is busy.

    Beside the block one Python starts after the other, with the same rights to the processors as what is measured. What
    takes `seconds` on a quiet machine sees as many starts beside it on a busy one, however long those take there. On a
    quiet machine the limit is the number of seconds itself.
    """
    done = threading.Event()
    starts: list[float] = []

    def run() -> None:
        while not done.is_set():
            subprocess.run([sys.executable, "-I", "-S", "-c", ""], check=True)
            starts.append(time.monotonic())

    thread = threading.Thread(target=run)
    begun = time.monotonic()
    thread.start()
    try:
        yield
        taken = time.monotonic() - begun
    finally:
        done.set()
        thread.join()
    seen = sum(each - begun < taken for each in starts)
    assert taken < seconds or seen < seconds / START, (
        f"{taken:.1f} s, in which Python started {seen} times; {seconds} s are allowed on a quiet machine"
    )
