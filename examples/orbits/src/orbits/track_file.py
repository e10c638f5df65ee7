"""Track files: the states of one satellite over a piece of time, in binary.

A file is a header and then records of one size, all little-endian:

    header  magic `ORBTRK01`, then as integers of 32 bits the satellite number,
            the copy, the chunk and the count of records, then as floats of 64
            bits the epoch (day, fraction) and the step in seconds
    record  seven floats of 64 bits: seconds since the epoch, position in TEME
            (km, three), velocity (km/s, three)
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from orbits.julian import JulianDate

Record = tuple[float, float, float, float, float, float, float]
"""Seconds since the epoch, position (km), velocity (km/s)."""

RECORD = struct.Struct("<7d")
"""The layout of one record: 56 bytes."""

_HEADER = struct.Struct("<8s4I3d")
_MAGIC = b"ORBTRK01"


class TrackFileError(ValueError):
    """A file that is not a track file, or not all of one."""


@dataclass(frozen=True)
class TrackHeader:
    """What a track file is about.

    Attributes:
        number: Catalogue number of the satellite.
        copy: Which copy of the track this is, from 0.
        chunk: Which piece of the track this is, from 0.
        count: How many records follow.
        epoch: The moment that the seconds count from.
        step: Time between two records in seconds.
    """

    number: int
    copy: int
    chunk: int
    count: int
    epoch: JulianDate
    step: float


def write_track(path: Path, header: TrackHeader, records: bytes) -> int:
    """Write a track file and return its size in bytes.

    Args:
        path: Where to; the folder exists.
        header: The header; its count is that of the records.
        records: The records, packed.
    """
    packed = _HEADER.pack(
        _MAGIC,
        header.number,
        header.copy,
        header.chunk,
        header.count,
        header.epoch.day,
        header.epoch.fraction,
        header.step,
    )
    with path.open("wb") as stream:
        return stream.write(packed) + stream.write(records)


def read_track(path: Path) -> tuple[TrackHeader, Iterator[Record]]:
    """Return the header and the records of a track file.

    Raises:
        TrackFileError: The file is cut short, too long or of another kind.
    """
    content = path.read_bytes()
    if len(content) < _HEADER.size or not content.startswith(_MAGIC):
        message = f"{path}: not a track file"
        raise TrackFileError(message)
    _, number, copy, chunk, count, day, fraction, step = _HEADER.unpack_from(content)
    if len(content) != _HEADER.size + count * RECORD.size:
        message = f"{path}: {len(content)} bytes do not hold {count} records"
        raise TrackFileError(message)
    header = TrackHeader(number, copy, chunk, count, JulianDate(day, fraction), step)
    records = RECORD.iter_unpack(memoryview(content)[_HEADER.size :])
    return header, records
