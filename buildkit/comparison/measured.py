"""Runs a command and writes how it ended and what it took.

    python measured.py outcome.json COMMAND…

A program of its own: the standard library alone. It is the head of a group in which the command runs. Where its
standard input is closed, who started it has gone, and so does the group.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time


def main(outcome: str, command: list[str]) -> int:
    """Run the command and return the exit code for its own process."""
    threading.Thread(target=_end_with_starter, daemon=True).start()
    began = time.monotonic()
    nothing = os.open(os.devnull, os.O_RDONLY)
    actions = [(os.POSIX_SPAWN_DUP2, nothing, 0)]
    try:
        child = os.posix_spawnp(command[0], command, os.environ, file_actions=actions)
    except OSError as error:
        os.write(2, f"{command[0]}: {error.strerror}\n".encode())
        return 127
    _, status, usage = os.wait4(child, 0)
    found = {
        "code": os.waitstatus_to_exitcode(status),
        "seconds": time.monotonic() - began,
        "memory": usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024),
    }
    with open(f"{outcome}.new", "w", encoding="utf-8") as file:
        json.dump(found, file)
    os.replace(f"{outcome}.new", outcome)
    return 0


def _end_with_starter() -> None:
    while os.read(0, 1):
        pass
    os.killpg(os.getpgrp(), signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
