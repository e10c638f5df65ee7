"""The files of a claim: one names its holder, one invalidates it for good, one says that it was released."""

from __future__ import annotations

import contextlib
import os
import re
from pathlib import Path

from buildkit.core import untrusted
from buildkit.data.volume import generations
from buildkit.doors import files, reading

_MOST = 4096
"""Bytes of a claim."""

_HALF = re.compile(r"\.(inputs\.json|read|\d{6,}\.(json|end|free))\.\w+\.tmp\Z")
"""Names of files that are being written here; others that look like them are somebody else's."""

_CLAIM = re.compile(r"[0-9]{6,18}\.json")


def describe(folder: Path) -> str:
    """Return who made the latest claim, such as `process 41 on api-7`."""
    claims = numbers(folder)
    values: dict[str, object] = {}
    if claims:
        with contextlib.suppress(OSError, ValueError):
            values = untrusted.table(untrusted.json_of(reading.read(claim(folder, max(claims)), most=_MOST)))
    return f"process {untrusted.shown(values.get('pid', '?'))} on {untrusted.shown(values.get('host', '?'))}"


def sweep(folder: Path) -> None:
    """Delete temporary files that killed processes left behind."""
    for place in (folder, folder / "leases"):
        for left in place.glob(".*.tmp"):
            if _HALF.match(left.name):
                files.remove(left)


def stamp(folder: Path, number: int) -> int:
    """Return the time stamp of a claim. The file is opened for it, because NFS only then asks the server again."""
    with contextlib.suppress(OSError):
        descriptor = os.open(claim(folder, number), os.O_RDONLY | os.O_CLOEXEC)
        try:
            return os.fstat(descriptor).st_mtime_ns
        finally:
            os.close(descriptor)
    return 0


def numbers(folder: Path) -> list[int]:
    """Return the numbers that have been claimed."""
    with contextlib.suppress(OSError):
        names = os.listdir(folder / "leases")  # noqa: PTH208 - names alone
        return [int(name[:-5]) for name in names if _CLAIM.fullmatch(name)]
    return []


def highest(folder: Path) -> int:
    """Return the highest number that was ever claimed, as claims or generations show."""
    return max([*numbers(folder), generations.highest_number(folder)])


def claim(folder: Path, number: int) -> Path:
    """Return the file that names the holder of this number."""
    return folder / "leases" / f"{number:06d}.json"


def end(folder: Path, number: int) -> Path:
    """Return the file that invalidates this claim for good."""
    return folder / "leases" / f"{number:06d}.end"


def free(folder: Path, number: int) -> Path:
    """Return the file that says that this claim was released."""
    return folder / "leases" / f"{number:06d}.free"
