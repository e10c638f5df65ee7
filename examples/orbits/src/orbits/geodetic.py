"""Positions on the WGS-84 ellipsoid.

Source of the constants: NIMA TR8350.2, "Department of Defense World Geodetic
System 1984", third edition, table 3.1.
"""

from dataclasses import dataclass
from math import atan2, cos, degrees, hypot, radians, sin, sqrt

from orbits.vectors import Vector

EQUATORIAL_RADIUS = 6378.137
"""Semi-major axis of the ellipsoid in km."""

FLATTENING = 1.0 / 298.257223563

_ECCENTRICITY_SQUARED = FLATTENING * (2.0 - FLATTENING)
_LATITUDE_TOLERANCE = 1e-12
_MAXIMUM_ROUNDS = 50


@dataclass(frozen=True)
class GeodeticPosition:
    """A place.

    Attributes:
        latitude: Geodetic latitude in degrees, north positive.
        longitude: Longitude in degrees from -180 to 180, east positive.
        altitude: Height above the ellipsoid in km.
    """

    latitude: float
    longitude: float
    altitude: float


def geodetic_to_ecef(place: GeodeticPosition) -> Vector:
    """Return the Earth-fixed position (km) of a place."""
    latitude, longitude = radians(place.latitude), radians(place.longitude)
    normal = _normal_radius(latitude)
    from_axis = (normal + place.altitude) * cos(latitude)
    return (
        from_axis * cos(longitude),
        from_axis * sin(longitude),
        (normal * (1.0 - _ECCENTRICITY_SQUARED) + place.altitude) * sin(latitude),
    )


def ecef_to_geodetic(position: Vector) -> GeodeticPosition:
    """Return the place of an Earth-fixed position (km).

    The latitude is iterated as in Vallado, "Fundamentals of Astrodynamics and
    Applications", algorithm 12, until it moves by less than 1e-12 radians.
    """
    x, y, z = position
    from_axis = hypot(x, y)
    latitude = atan2(z, from_axis)
    normal = _normal_radius(latitude)
    for _ in range(_MAXIMUM_ROUNDS):
        previous = latitude
        raised = z + normal * _ECCENTRICITY_SQUARED * sin(latitude)
        latitude = atan2(raised, from_axis)
        normal = _normal_radius(latitude)
        if abs(latitude - previous) < _LATITUDE_TOLERANCE:
            break
    # Exact at the equator and at the poles alike, unlike a quotient by a cosine.
    altitude = (
        from_axis * cos(latitude)
        + z * sin(latitude)
        - EQUATORIAL_RADIUS * sqrt(1.0 - _ECCENTRICITY_SQUARED * sin(latitude) ** 2)
    )
    return GeodeticPosition(degrees(latitude), degrees(atan2(y, x)), altitude)


def _normal_radius(latitude: float) -> float:
    """Return the radius of curvature in the prime vertical in km."""
    return EQUATORIAL_RADIUS / sqrt(1.0 - _ECCENTRICITY_SQUARED * sin(latitude) ** 2)
