"""Ends what a launcher that was killed has left behind.

A launcher ends all processes of its service, those too that escaped into sessions of their own. Killed itself by
SIGKILL, it takes the service along (see `launch`), and what escaped is nobody's. It is known by a variable that each
process of the service inherits, on Linux; a process that empties its environment is not found.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from pathlib import Path

VARIABLE = "PYBUILDKIT_DEV_PROCESS"
"""The variable that names the start of a service."""

_PATIENCE = 2.0


def end(mark: str) -> None:
    """Kill every process whose environment has this mark, until there is none any more."""
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline and (found := _marked(f"{VARIABLE}={mark}".encode())):
        for each in found:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(each, signal.SIGKILL)
        time.sleep(0.005)


def _marked(entry: bytes) -> list[int]:
    found = []
    for name in os.listdir("/proc") if sys.platform == "linux" else ():  # noqa: PTH208 - thousands of names
        if name.isdecimal():
            with contextlib.suppress(OSError):
                if entry in Path("/proc", name, "environ").read_bytes().split(b"\0"):
                    found.append(int(name))
    return found
