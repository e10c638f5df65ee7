"""What tests ask of other processes, each of which may end while it is asked."""

from __future__ import annotations

import contextlib

import psutil


def command(process: psutil.Process) -> list[str]:
    """Return the arguments that a process was started with: none where it has ended."""
    with contextlib.suppress(psutil.Error):
        return process.cmdline()
    return []


def has_ended(process: psutil.Process | int) -> bool:
    """Return whether a process runs no more, also where its parent has not taken it away yet."""
    try:
        known = psutil.Process(process) if isinstance(process, int) else process
        return not known.is_running() or known.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
