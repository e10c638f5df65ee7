"""From the frame of SGP4 to the frame of the ground.

SGP4 answers in TEME (true equator, mean equinox). A turn by the mean sidereal
time about the pole gives the pseudo Earth-fixed frame, which serves as ECEF
here: without polar motion the ground is off by at most about 15 m.

Source: Vallado, Crawford, Hujsak, Kelso, "Revisiting Spacetrack Report #3",
AIAA 2006-6753, appendix C.
"""

from math import cos, sin

from orbits.julian import JulianDate
from orbits.sidereal import EARTH_ROTATION_RATE, greenwich_sidereal_angle
from orbits.vectors import Vector


def teme_to_ecef(position: Vector, moment: JulianDate) -> Vector:
    """Return a TEME position (km) in the Earth-fixed frame (km)."""
    return _turn(position, greenwich_sidereal_angle(moment))


def teme_velocity_to_ecef(position: Vector, velocity: Vector, moment: JulianDate) -> Vector:
    """Return a TEME velocity (km/s) as the ground sees it (km/s).

    Args:
        position: TEME position in km; the ground's own speed depends on it.
        velocity: TEME velocity in km/s.
        moment: The moment of both.
    """
    angle = greenwich_sidereal_angle(moment)
    x, y, _ = _turn(position, angle)
    speed_x, speed_y, speed_z = _turn(velocity, angle)
    return (
        speed_x + EARTH_ROTATION_RATE * y,
        speed_y - EARTH_ROTATION_RATE * x,
        speed_z,
    )


def _turn(vector: Vector, angle: float) -> Vector:
    """Return the vector in axes turned by `angle` radians about the third."""
    x, y, z = vector
    return cos(angle) * x + sin(angle) * y, cos(angle) * y - sin(angle) * x, z
