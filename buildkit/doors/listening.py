"""Which ports a process listens on, with all that it started, as proc(5) tells on Linux; nothing elsewhere."""

from __future__ import annotations

import contextlib
import os
import sys
from collections import defaultdict
from pathlib import Path

_LISTENS = "0A"
_SOCKET = "socket:["


def ports_of(process: int) -> frozenset[int]:
    """Return the TCP ports on which a process or one of its descendants listens.

    Args:
        process: its number; one that is gone listens on none.
    """
    if sys.platform != "linux":
        return frozenset()
    sockets = set().union(*map(_sockets_of, _family_of(process)))
    found: set[int] = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        with contextlib.suppress(OSError):
            for line in Path(table).read_text("ascii").splitlines()[1:]:
                words = line.split()
                if words[3] == _LISTENS and words[9] in sockets:
                    found.add(int(words[1].rpartition(":")[2], 16))
    return frozenset(found)


def _family_of(process: int) -> list[int]:
    children: defaultdict[int, list[int]] = defaultdict(list)
    for name in os.listdir("/proc"):  # noqa: PTH208 - thousands of names
        if name.isdecimal():
            with contextlib.suppress(OSError):
                state = Path("/proc", name, "stat").read_text("utf-8", "replace").rpartition(")")[2].split()
                children[int(state[1])].append(int(name))
    family = [process]
    for each in family:  # the list grows under way
        family += children[each]
    return family


def _sockets_of(process: int) -> set[str]:
    found: set[str] = set()
    with contextlib.suppress(OSError):
        for descriptor in os.listdir(f"/proc/{process}/fd"):  # noqa: PTH208
            with contextlib.suppress(OSError):
                target = os.readlink(f"/proc/{process}/fd/{descriptor}")  # noqa: PTH115
                if target.startswith(_SOCKET):
                    found.add(target[len(_SOCKET) : -1])
    return found
