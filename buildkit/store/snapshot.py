"""The file that stores what the last look saw: the stamps and digests of all files and folders, and the look's result.

For every file and folder that a decision rested on there are the stamps and the digest. So the next look reads what
was touched and nothing else; where all is as it was, the decision itself is still the same and need not be made again.

    checksum                     SHA-256 of all that follows, in hexadecimal
    {"files": 2, ...}            one line of JSON: how many files and folders, and what was found
    /a/b.py NUL /a/c.py NUL /a   their paths
    4 numbers of 8 bytes each    size, mtime and ctime in nanoseconds, inode; a size of -1 for stamps that say nothing
    32 bytes each                digest; zeros where there is none

Ten thousand modules are about eight milliseconds to read this way.
"""

from __future__ import annotations

import hashlib
import json
import os
import struct
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

from buildkit.doors import files, reading
from buildkit.doors.statcache import NO_STAMPS, Row
from buildkit.model import ABSENT

SCHEMA = 1

MOST = 1 << 30
"""Bytes of a memory that is read."""
_STAMPS = 4
_NUMBER = 8
_DIGEST = 32
_NONE = bytes(_DIGEST)


class Snapshot:
    """The stamps and digests of one look, kept in columns so that only what is needed is decoded.

    Args:
        paths: the files, then the folders.
        stamps: size, mtime, ctime and inode of each path, one after the other.
        digests: of each path, `_DIGEST` bytes.
        files: how many of the paths are files.
        found: the result of the look as JSON values; empty if unknown.
        damaged: the file exists but is damaged.
    """

    __slots__ = ("damaged", "digests", "files", "found", "paths", "stamps")

    def __init__(
        self,
        paths: Sequence[str] = (),
        stamps: Iterable[int] = (),
        digests: bytes = b"",
        files: int = 0,
        found: Mapping[str, Any] = MappingProxyType({}),
        *,
        damaged: bool = False,
    ) -> None:
        self.paths = paths
        self.stamps = list(stamps)
        self.digests = bytearray(digests)
        self.files = files
        self.found = found
        self.damaged = damaged

    def rows(self) -> dict[str, Row]:
        """Return the rows of the files, as a stat cache keeps them."""
        numbers = iter(self.stamps[: self.files * _STAMPS])
        columns = zip(self.paths, numbers, numbers, numbers, numbers, strict=False)
        return {path: (*stamps, self.digest(at)) for at, (path, *stamps) in enumerate(columns)}  # type: ignore[misc]

    def digest(self, at: int) -> str:
        """Return the digest of the path at this index."""
        raw = self.digests[at * _DIGEST : (at + 1) * _DIGEST]
        return ABSENT if raw == _NONE else raw.hex()

    def stamp(self, at: int, row: Row) -> None:
        """Replace the stamps of the path at that place."""
        self.stamps[at * _STAMPS : (at + 1) * _STAMPS] = _storable(row)

    def touched(self) -> list[int]:
        """Return the indexes of all paths whose stamps have changed."""
        found = []
        stat = os.stat
        numbers = iter(self.stamps)
        columns = zip(self.paths, numbers, numbers, numbers, numbers, strict=True)
        for at, (path, size, modified, changed, inode) in enumerate(columns):
            try:
                now = stat(path)
            except (FileNotFoundError, NotADirectoryError):
                if self.digest(at) != ABSENT:
                    found.append(at)
                continue
            except (OSError, ValueError):
                found.append(at)
                continue
            if now.st_size != size or now.st_mtime_ns != modified or now.st_ctime_ns != changed or now.st_ino != inode:
                found.append(at)
        return found


def file_in(work: Path, ending: str) -> Path:
    """Return the file of a checkout.

    Args:
        work: the checkout's own folder.
        ending: that of the extensions, such as `.cpython-311-x86_64-linux-gnu.so`: each interpreter looks for itself.
    """
    return work / f"seen{ending.rpartition('.')[0]}"


def from_rows(rows: Mapping[str, Row], folders: Mapping[str, Row], found: Mapping[str, Any]) -> Snapshot:
    """Return a `Snapshot` made of the rows of files and of folders, and of the look's result."""
    seen = Snapshot([*rows, *folders], files=len(rows), found=found)
    for row in (*rows.values(), *folders.values()):
        seen.stamps.extend(_storable(row))
        seen.digests += _NONE if row[4] == ABSENT else bytes.fromhex(row[4])
    return seen


def write(path: Path, seen: Snapshot) -> None:
    """Replace the file by `seen`.

    Raises:
        OSError: the disk is full or read-only, or another process replaced it at the same moment; it is whole.
    """
    header = {"schema": SCHEMA, "files": seen.files, "folders": len(seen.paths) - seen.files, "found": dict(seen.found)}
    body = b"\n".join(
        (
            json.dumps(header, separators=(",", ":")).encode(),
            os.fsencode("\0".join(seen.paths))
            + b"\0"
            + struct.pack(f"{len(seen.stamps)}q", *seen.stamps)
            + seen.digests,
        )
    )
    files.remove_staged(path)  # of who was killed; who is at it at this moment loses nothing but time
    files.write(path, hashlib.sha256(body).hexdigest().encode() + b"\n" + body)


def read(path: Path | str) -> Snapshot:
    """Read the file; return an empty `Snapshot` if it does not exist."""
    try:
        text = reading.read(path, most=MOST)
    except FileNotFoundError:
        return Snapshot()
    except OSError:
        return Snapshot(damaged=True)
    checksum, _, body = text.partition(b"\n")
    if hashlib.sha256(body).hexdigest().encode() != checksum:
        return Snapshot(damaged=True)
    try:
        return _parse(body)
    except (ValueError, LookupError, TypeError, RecursionError):
        return Snapshot(damaged=True)


def _parse(body: bytes) -> Snapshot:
    line, _, rest = body.partition(b"\n")
    header = json.loads(line)
    if header["schema"] != SCHEMA:
        return Snapshot()
    files, found = header["files"], header["found"]
    number = files + header["folders"]
    if not (type(number) is int and 0 <= files <= number <= len(rest) and isinstance(found, dict)):
        raise ValueError(number)
    cut = len(rest) - number * _DIGEST
    start = cut - number * _STAMPS * _NUMBER
    numbers = memoryview(rest)[start:cut].cast("q").tolist()
    paths = os.fsdecode(rest[: start - 1]).split("\0") if number else []
    if len(paths) != number or len(numbers) != number * _STAMPS or start < (number > 0):
        raise ValueError(number)
    return Snapshot(paths, numbers, rest[cut:], files, found)


def _storable(row: Row) -> tuple[int, int, int, int]:
    """Return the stamps of a row, or `NO_STAMPS` if a number does not fit in 64 bits."""
    size, modified, changed, inode, _ = row
    storable = all(-(1 << 63) <= number < 1 << 63 for number in (size, modified, changed, inode))
    return (size, modified, changed, inode) if storable else (NO_STAMPS, 0, 0, 0)
