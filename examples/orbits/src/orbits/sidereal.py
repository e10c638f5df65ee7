"""The rotation of the Earth: Greenwich mean sidereal time of the IAU-82 model.

Source: Aoki et al., "The new definition of universal time", Astronomy and
Astrophysics 105 (1982), 359-361; the form in seconds as in Vallado,
"Fundamentals of Astrodynamics and Applications", equation 3-47.
"""

from math import fmod, radians, tau

from orbits.julian import JulianDate

EARTH_ROTATION_RATE = 7.29211514670698e-05
"""Rotation of the Earth against the stars in radians per second."""

_DAYS_PER_CENTURY = 36525.0
_SECONDS_PER_DEGREE = 240.0


def greenwich_sidereal_angle(moment: JulianDate) -> float:
    """Return the angle from the mean equinox to Greenwich, in radians from 0 to tau."""
    centuries = moment.days_since_2000() / _DAYS_PER_CENTURY
    seconds = (
        67310.54841 + (876600.0 * 3600.0 + 8640184.812866) * centuries + 0.093104 * centuries**2 - 6.2e-6 * centuries**3
    )
    return fmod(radians(seconds / _SECONDS_PER_DEGREE), tau) % tau
