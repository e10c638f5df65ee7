"""Waits for the end of a child, and learns of it at once where the kernel tells (pidfd_open(2), on Linux)."""

from __future__ import annotations

import os
import select
import subprocess
import sys
from typing import Any


def ended_within(child: subprocess.Popen[Any], seconds: float) -> bool:
    """Wait for the end of `child`, for `seconds` at most; return whether it came.

    `Popen.wait` with a limit looks again and again, at last every 50 ms.
    """
    if child.poll() is not None:
        return True
    if sys.platform == "linux":
        try:
            descriptor = os.pidfd_open(child.pid)
        except OSError:  # it has just ended, or there is no room for a further descriptor
            pass
        else:
            try:
                awaited = select.poll()
                awaited.register(descriptor, select.POLLIN)
                ended = bool(awaited.poll(max(0.0, seconds) * 1000))
            finally:
                os.close(descriptor)
            seconds = 0.0 if not ended else 1.0  # who waits in another thread may be about to take its exit code
    try:
        child.wait(seconds)
    except subprocess.TimeoutExpired:
        return False
    return True
