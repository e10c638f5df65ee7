"""The shadow of the Earth on a satellite: a cone of full and one of part shadow.

Source: Montenbruck and Gill, "Satellite Orbits", section 3.4.2: the apparent
discs of the Sun and the Earth as seen from the satellite overlap or do not.
"""

from enum import Enum
from math import acos, asin

from orbits.geodetic import EQUATORIAL_RADIUS
from orbits.vectors import Vector, dot, length, subtract

SUN_RADIUS = 695700.0
"""Nominal radius of the Sun in km (IAU 2015 resolution B3)."""


class Light(Enum):
    """How much of the Sun a satellite sees."""

    SUNLIT = 0
    PENUMBRA = 1
    UMBRA = 2


def illumination(satellite: Vector, sun: Vector) -> Light:
    """Return the light on a satellite.

    Args:
        satellite: Position from the centre of the Earth in km.
        sun: Position of the Sun in the same axes in km.
    """
    towards_sun = subtract(sun, satellite)
    to_earth, to_sun = length(satellite), length(towards_sun)
    earth_disc = asin(min(1.0, EQUATORIAL_RADIUS / to_earth))
    sun_disc = asin(SUN_RADIUS / to_sun)
    cosine = -dot(satellite, towards_sun) / (to_earth * to_sun)
    separation = acos(max(-1.0, min(1.0, cosine)))
    if separation >= earth_disc + sun_disc:
        return Light.SUNLIT
    # Far out the Earth is too small to hide the whole Sun; that counts as part.
    if separation <= earth_disc - sun_disc:
        return Light.UMBRA
    return Light.PENUMBRA
