"""The direction of the Sun, good to 0.01 degrees between 1950 and 2050.

Source: "The Astronomical Almanac", section C, low-precision formulas for the
Sun. They answer in the mean equator and equinox of date; that this is not
quite TEME shifts the Sun by less than 0.006 degrees.
"""

from math import cos, radians, sin

from orbits.julian import JulianDate
from orbits.vectors import Vector

ASTRONOMICAL_UNIT = 149597870.7
"""Mean distance of the Sun in km."""


def sun_position(moment: JulianDate) -> Vector:
    """Return the position of the Sun from the centre of the Earth in km."""
    days = moment.days_since_2000()
    mean_longitude = 280.460 + 0.9856474 * days
    anomaly = radians(357.528 + 0.9856003 * days)
    longitude = radians(mean_longitude + 1.915 * sin(anomaly) + 0.020 * sin(2.0 * anomaly))
    obliquity = radians(23.439 - 0.0000004 * days)
    distance = ASTRONOMICAL_UNIT * (1.00014 - 0.01671 * cos(anomaly) - 0.00014 * cos(2.0 * anomaly))
    return (
        distance * cos(longitude),
        distance * cos(obliquity) * sin(longitude),
        distance * sin(obliquity) * sin(longitude),
    )
