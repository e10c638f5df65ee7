"""Ground tracks: where a satellite stands over the Earth, and whether it is lit.

Published files have no header: records of one size, little-endian, in the
order of time. Floats of 32 bits hold a longitude to about a metre and the
altitude of a synchronous satellite to about two.

    record  seconds since the epoch (64 bits), latitude and longitude (degrees),
            altitude (km; each 32 bits), light (8 bits: see `Light`)
"""

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from orbits.eclipse import Light, illumination
from orbits.frames import teme_to_ecef
from orbits.geodetic import ecef_to_geodetic
from orbits.julian import JulianDate
from orbits.sun import sun_position
from orbits.track_file import Record

POINT = struct.Struct("<d3fB")
"""The layout of one record: 21 bytes."""


@dataclass(frozen=True)
class GroundPoint:
    """A satellite over the Earth.

    Attributes:
        seconds: Time since the epoch of the element set.
        latitude: Geodetic latitude in degrees.
        longitude: Degrees, east positive.
        altitude: Height above the ellipsoid in km.
        light: How much of the Sun it sees.
    """

    seconds: float
    latitude: float
    longitude: float
    altitude: float
    light: Light


def ground_points(records: Iterable[Record], epoch: JulianDate) -> Iterator[GroundPoint]:
    """Yield the ground point of each record of a track that counts from `epoch`."""
    for seconds, x, y, z, *_velocity in records:
        moment = epoch.plus_seconds(seconds)
        position = (x, y, z)
        place = ecef_to_geodetic(teme_to_ecef(position, moment))
        yield GroundPoint(
            seconds=seconds,
            latitude=place.latitude,
            longitude=place.longitude,
            altitude=place.altitude,
            light=illumination(position, sun_position(moment)),
        )


def write_ground_track(path: Path, points: Iterable[GroundPoint]) -> None:
    """Write points to a file; its folder exists."""
    with path.open("wb") as stream:
        for point in points:
            stream.write(
                POINT.pack(
                    point.seconds,
                    point.latitude,
                    point.longitude,
                    point.altitude,
                    point.light.value,
                )
            )


def read_ground_track(path: Path) -> list[GroundPoint]:
    """Return the points of a file; a ValueError if it does not hold whole records."""
    content = path.read_bytes()
    if len(content) % POINT.size:
        message = f"{path}: {len(content)} bytes are not whole records"
        raise ValueError(message)
    return [
        GroundPoint(seconds, latitude, longitude, altitude, Light(light))
        for seconds, latitude, longitude, altitude, light in POINT.iter_unpack(content)
    ]
