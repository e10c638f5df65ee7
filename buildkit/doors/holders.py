"""Who holds a lock: what its holder writes into it, and whether that process is suspended."""

from __future__ import annotations

import contextlib
import json
import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from buildkit.core import untrusted
from buildkit.doors import reading

_MOST = 4096
_MOST_PID = 1 << 31


def sign(descriptor: int) -> None:
    """Write into the lock's file which process holds it; if the disk is full, no holder is named."""
    words = " ".join((Path(sys.argv[0]).name, *sys.argv[1:3]))[:100] if sys.argv else "python"
    here = {"host": os.uname().nodename, "space": _space()}
    about = {**here, "pid": os.getpid(), "command": words, "since": time.time()}
    with contextlib.suppress(OSError):
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, json.dumps(about).encode(), 0)


@dataclass(frozen=True, slots=True)
class Holder:
    """What the holder of a lock wrote into it."""

    pid: int
    host: str
    space: str
    command: str
    since: float


def signed(path: Path) -> Holder | None:
    """Return what the last holder wrote, None if that cannot be read."""
    try:
        about = untrusted.table(untrusted.json_of(reading.read(path, most=_MOST), _MOST))
        host, space, command = (untrusted.shown(untrusted.text(about[name])) for name in ("host", "space", "command"))
        pid, since = untrusted.number(about["pid"], most=_MOST_PID), untrusted.seconds(about["since"])
        return Holder(pid, host, space, command, since)
    except (OSError, ValueError, KeyError):
        return None


def is_suspended(about: Holder | None) -> bool:
    """Return whether the kernel says that a holder is suspended, see proc(5).

    A number is that process only where it is counted alike.
    """
    if about is None or (about.host, about.space) != (os.uname().nodename, _space()):
        return False
    with contextlib.suppress(OSError, IndexError):
        words = Path(f"/proc/{about.pid}/stat").read_text("utf-8", "replace")
        return words.rpartition(")")[2].split()[0] in {"T", "t"}
    return False


def _space() -> str:
    """Return the id of this process's PID namespace; see pid_namespaces(7)."""
    try:
        return os.readlink("/proc/self/ns/pid")  # noqa: PTH115 - a text
    except OSError:
        return ""
