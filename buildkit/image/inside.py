"""Runs a container's command and health check inside the image, as `docker run` would, and prints the result.

It runs inside the image, which holds only the part of the suite that a start needs. So it uses the standard library
alone, and its text is passed to `python -I -c`. The argument is one JSON object, and so is the output.

    command   the command that the container would run
    test      the health check, as a command; empty for none
    seconds   how long to wait at most
    settling  without a check: seconds without work after which the command counts as running
    grace     seconds for which the check may fail once a port is open
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess  # noqa: TID251 - there are no doors where this runs
import sys
import threading
import time
from collections.abc import Iterator
from typing import IO, Any

_KEPT = 1 << 14
_PAUSE = 0.25
_CHECK = 5.0
"""Seconds that one run of the check may take."""
_LISTENS = "0A"


class Heard:
    """The last lines of a process's output, read continuously so that the process never blocks on a full pipe."""

    def __init__(self, stream: IO[bytes]) -> None:
        """Read `stream` from now on."""
        self._kept = b""
        self._reader = threading.Thread(target=self._read, args=(stream,), daemon=True)
        self._reader.start()

    def lines(self) -> list[str]:
        """Return the lines read so far; after the process has ended, all of them."""
        self._reader.join(timeout=_PAUSE)
        text = self._kept.decode(errors="replace")
        return [line.rstrip() for line in text.splitlines() if line.strip()]

    def _read(self, stream: IO[bytes]) -> None:
        while chunk := os.read(stream.fileno(), 4096):
            self._kept = (self._kept + chunk)[-_KEPT:]


def tried(command: list[str], test: list[str], seconds: float, settling: float, grace: float) -> dict[str, Any]:
    """Start `command` and watch it until it has ended, its check has passed, or neither is to be expected."""
    began = time.monotonic()
    try:
        child = subprocess.Popen(  # noqa: S603
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True
        )
    except OSError as error:
        return {
            "ended": 127,
            "passed": False,
            "ports": [],
            "users": [],
            "ready": 0,
            "said": [f"{command[0]}: {error.strerror}"],
            "check": "",
        }
    assert child.stdout is not None  # noqa: S101 - it was asked for
    heard = Heard(child.stdout)
    passed, check = False, ""
    open_since = quiet_since = 0.0
    worked = -1
    while child.poll() is None:
        now = time.monotonic()
        if test:
            passed, check = _passes(test)
            open_since = open_since or (now if _ports(child.pid) else 0.0)
            if passed or (open_since and now - open_since > grace):
                break
        else:
            if (done := _work(child.pid)) != worked:
                worked, quiet_since = done, now
            if now - quiet_since > settling:
                break
        if now - began > seconds:
            break
        time.sleep(_PAUSE)
    ready = time.monotonic() - began
    ended, ports, users = child.poll(), sorted(_ports(child.pid)), sorted(_users(child.pid))
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()
    found = {"ended": ended, "passed": passed, "ports": ports, "users": users, "ready": ready}
    return {**found, "said": heard.lines()[-60:], "check": check}


def _passes(test: list[str]) -> tuple[bool, str]:
    """Return whether the check passes, and its last output line."""
    try:
        done = subprocess.run(  # noqa: S603
            test, stdin=subprocess.DEVNULL, capture_output=True, timeout=_CHECK, check=False
        )
    except OSError as error:
        return False, f"{test[0]}: {error.strerror}"
    except subprocess.TimeoutExpired:
        return False, f"it takes longer than {_CHECK:g} s"
    words = (done.stdout + done.stderr).decode(errors="replace").strip().splitlines()
    return done.returncode == 0, words[-1] if words else f"it ends with {done.returncode}"


def _family(first: int) -> Iterator[tuple[str, list[str]]]:
    """Yield the process `first` and its descendants, each with the fields of its stat file after the name."""
    known = {}
    for name in filter(str.isdigit, os.listdir("/proc")):  # noqa: PTH208 - strings
        with contextlib.suppress(OSError), open(f"/proc/{name}/stat", encoding="utf-8", errors="replace") as file:  # noqa: PTH123
            known[name] = file.read().rpartition(")")[2].split()
    members = {str(first)}
    while more := {name for name, fields in known.items() if fields[1] in members} - members:
        members |= more
    yield from ((name, known[name]) for name in members if name in known)


def _work(first: int) -> int:
    """Return the processor time that the processes have used, in clock ticks."""
    return sum(int(fields[11]) + int(fields[12]) for _, fields in _family(first))


def _users(first: int) -> set[int]:
    """Return the users that the processes run as: an entrypoint that begins as root may give that up."""
    found = set()
    for name, _ in _family(first):
        with contextlib.suppress(OSError):
            found.add(os.stat(f"/proc/{name}").st_uid)  # noqa: PTH116
    return found


def _ports(first: int) -> set[int]:
    """Return the TCP ports on which the processes listen."""
    sockets = set()
    for name, _ in _family(first):
        with contextlib.suppress(OSError):
            for number in os.listdir(f"/proc/{name}/fd"):  # noqa: PTH208
                with contextlib.suppress(OSError):
                    sockets.add(os.readlink(f"/proc/{name}/fd/{number}"))  # noqa: PTH115
    found = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        with contextlib.suppress(OSError), open(table, encoding="ascii") as file:  # noqa: PTH123
            for row in list(file)[1:]:
                fields = row.split()
                if fields[3] == _LISTENS and f"socket:[{fields[9]}]" in sockets:
                    found.add(int(fields[1].rpartition(":")[2], 16))
    return found


if __name__ == "__main__":
    print(json.dumps(tried(**json.loads(sys.argv[1]))))  # noqa: T201
