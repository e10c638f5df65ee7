"""Reads in a running container what memory it takes, before and after some requests, and prints it as JSON.

It runs inside the image beside the service, whose Python finds nothing of the suite. So it uses the standard library
alone, and its text is passed to `python -I -c`. What it takes itself is not counted.

    address   where requests go, as `127.0.0.1:8000/health`; empty for none
    requests  how many
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import sys
import time
from typing import Any

_PLACES = (("/sys/fs/cgroup/memory.stat", ("anon", "shmem", "kernel"), "file"),)
_OLD = ("/sys/fs/cgroup/memory/memory.stat", ("total_rss", "total_shmem"), "total_cache")
_TIMEOUT = 10.0
_LOOKS = 10
_PAUSE = 0.2
_STILL = 1 << 18


def main(address: str, requests: int) -> dict[str, Any]:
    """Return what the container takes as it is, and after the requests."""
    ready = settled()
    answered = asked(address, requests) if address else 0
    return {"ready": ready, "loaded": settled() if answered else None, "answered": answered, "processes": processes()}


def settled() -> dict[str, int]:
    """Return the bytes of the container once they stand still: a check that has just ended may still count."""
    found = container()
    for _ in range(_LOOKS):
        time.sleep(_PAUSE)
        before, found = found, container()
        if abs(found["held"] - before["held"]) <= _STILL:
            break
    return found


def container() -> dict[str, int]:
    """Return the bytes of the container: `held` cannot be given back, `file` can. Without those of this process."""
    for place, names, cache in (*_PLACES, _OLD):
        with contextlib.suppress(OSError), open(place, encoding="ascii") as file:  # noqa: PTH123
            rows = {name: int(size) for name, size in (line.split() for line in file)}
            held = sum(rows.get(name, 0) for name in names)
            shared = rows.get("total_shmem", 0)  # the older kind counts it as cache too
            return {"held": max(0, held - own()), "file": max(0, rows.get(cache, 0) - shared)}
    raise SystemExit("the container does not see its control group: neither of version 1 nor of version 2")


def own() -> int:
    """Return the anonymous memory of this process, in bytes."""
    return rollup("self").get("Anonymous", 0)


def rollup(process: str) -> dict[str, int]:
    """Return the sums of a process's mappings, in bytes."""
    with open(f"/proc/{process}/smaps_rollup", encoding="ascii") as file:  # noqa: PTH123
        rows = [line.split() for line in list(file)[1:]]
    return {row[0].rstrip(":"): int(row[1]) * 1024 for row in rows}


def processes() -> list[dict[str, Any]]:
    """Return the processes of the container, but this one."""
    found = []
    for name in filter(str.isdigit, os.listdir("/proc")):  # noqa: PTH208
        if int(name) == os.getpid():
            continue
        with contextlib.suppress(OSError, ValueError):
            sums = rollup(name)
            with open(f"/proc/{name}/cmdline", "rb") as file:  # noqa: PTH123
                words = file.read().decode("utf-8", "replace").strip("\0").split("\0")
            with open(f"/proc/{name}/stat", encoding="utf-8", errors="replace") as file:  # noqa: PTH123
                parent = int(file.read().rpartition(")")[2].split()[1])
            private = sums.get("Private_Dirty", 0) + sums.get("Private_Clean", 0)
            row = {"process": int(name), "parent": parent, "anonymous": sums.get("Anonymous", 0)}
            found.append({**row, "private": private, "pss": sums.get("Pss", 0), "command": " ".join(words)[:200]})
    return sorted(found, key=lambda row: row["process"])


def asked(address: str, requests: int) -> int:
    """Send requests one after the other; return how many were answered."""
    place, _, path = address.partition("/")
    count = 0
    with contextlib.suppress(OSError, http.client.HTTPException):
        for _ in range(requests):
            connection = http.client.HTTPConnection(place, timeout=_TIMEOUT)
            connection.request("GET", f"/{path}")
            connection.getresponse().read()
            connection.close()
            count += 1
    return count


if __name__ == "__main__":
    print(json.dumps(main(**json.loads(sys.argv[1]))))  # noqa: T201
