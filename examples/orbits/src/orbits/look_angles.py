"""Where a station has to look to see a satellite.

Source: Vallado, "Fundamentals of Astrodynamics and Applications", algorithm
27 (razel), in the axes south, east, zenith of the station. No refraction.
"""

from dataclasses import dataclass
from math import asin, atan2, cos, degrees, radians, sin

from orbits.geodetic import geodetic_to_ecef
from orbits.stations import Station
from orbits.vectors import Vector, length, subtract


@dataclass(frozen=True)
class LookAngles:
    """A direction and a distance.

    Attributes:
        azimuth: Degrees from north over east, 0 to 360.
        elevation: Degrees above the horizon, -90 to 90.
        range: Distance in km.
    """

    azimuth: float
    elevation: float
    range: float


class Observer:
    """A station with its position and axes worked out once."""

    def __init__(self, station: Station) -> None:
        """Prepare the axes of a station."""
        self.station = station
        self._position = geodetic_to_ecef(station.place)
        latitude = radians(station.place.latitude)
        longitude = radians(station.place.longitude)
        self._sine_latitude, self._cosine_latitude = sin(latitude), cos(latitude)
        self._sine_longitude, self._cosine_longitude = sin(longitude), cos(longitude)

    def look_at(self, satellite: Vector) -> LookAngles:
        """Return the look angles to an Earth-fixed position (km)."""
        sight = subtract(satellite, self._position)
        outward = self._cosine_longitude * sight[0] + self._sine_longitude * sight[1]
        east = self._cosine_longitude * sight[1] - self._sine_longitude * sight[0]
        south = self._sine_latitude * outward - self._cosine_latitude * sight[2]
        zenith = self._cosine_latitude * outward + self._sine_latitude * sight[2]
        distance = length(sight)
        sine = max(-1.0, min(1.0, zenith / distance))
        return LookAngles(
            azimuth=degrees(atan2(east, -south)) % 360.0,
            elevation=degrees(asin(sine)),
            range=distance,
        )
