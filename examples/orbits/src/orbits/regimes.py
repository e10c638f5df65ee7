"""The usual classes of orbits around the Earth.

The limits follow the "Space Debris Mitigation Guidelines" of the IADC (low
orbits below 2000 km) and common use for the rest.
"""

from enum import Enum

from orbits.elements import ElementSet

LOW_ALTITUDE = 2000.0
"""Greatest apogee altitude of a low orbit in km."""

HIGH_ECCENTRICITY = 0.25
SYNCHRONOUS_MOTION = (0.9, 1.1)
"""Least and greatest mean motion of a geosynchronous orbit in revolutions per day."""


class Regime(Enum):
    """A class of orbits."""

    LOW = "low"
    MEDIUM = "medium"
    SYNCHRONOUS = "synchronous"
    ELLIPTICAL = "elliptical"
    HIGH = "high"


def regime_of(elements: ElementSet) -> Regime:
    """Return the class of an orbit."""
    slowest, fastest = SYNCHRONOUS_MOTION
    if elements.eccentricity >= HIGH_ECCENTRICITY:
        return Regime.ELLIPTICAL
    if elements.apogee_altitude <= LOW_ALTITUDE:
        return Regime.LOW
    if slowest <= elements.mean_motion <= fastest:
        return Regime.SYNCHRONOUS
    return Regime.MEDIUM if elements.mean_motion > fastest else Regime.HIGH
